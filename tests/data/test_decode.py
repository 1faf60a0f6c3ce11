import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from keras_ssl.data.decode import decode_and_measure, decode_and_resize, decode_image, pixel_count

HEIGHT, WIDTH = 20, 30


@pytest.fixture(scope="module")
def photo():
    """A smooth image, so that lossy formats change it little."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    pixels = np.stack([8 * x, 12 * y, 120 + 4 * (x - y)], axis=-1)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def decode():
    """decode_image as it stands in a pipeline or a served graph: traced once, for all kinds of files."""
    return tf.function(decode_image, input_signature=[tf.TensorSpec([], tf.string)])


def encode(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def as_pillow_sees_it(content):
    """The first frame as RGB, without its transparency."""
    image = Image.open(io.BytesIO(content))
    if image.mode == "RGBA":
        return np.asarray(image)[..., :3]
    return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize(
    ("kind", "mode", "options", "tolerance"),
    [
        ("PNG", "RGB", {}, 0),
        ("PNG", "L", {}, 0),
        ("PNG", "LA", {}, 0),
        ("PNG", "P", {}, 0),
        ("PNG", "1", {}, 0),
        ("PNG", "RGBA", {}, 0),
        ("JPEG", "RGB", {"quality": 95}, 8),
        ("JPEG", "L", {"quality": 95}, 8),
        ("JPEG", "CMYK", {"quality": 95}, 8),
        ("JPEG", "RGB", {"quality": 95, "progressive": True}, 8),
        ("GIF", "RGB", {}, 0),
        ("GIF", "L", {}, 0),
        ("BMP", "RGB", {}, 0),
        ("BMP", "L", {}, 0),
        ("BMP", "P", {}, 0),
        ("BMP", "RGBA", {}, 0),
        ("WEBP", "RGB", {"quality": 95}, 8),
        ("WEBP", "RGB", {"lossless": True}, 0),
        ("WEBP", "RGBA", {"lossless": True}, 0),
    ],
)
def test_every_kind_of_file_gives_the_pixels_that_pillow_sees(kind, mode, options, tolerance, photo, decode):
    content = encode(photo.convert(mode), kind, **options)
    image = decode(content)
    assert image.dtype == tf.uint8
    np.testing.assert_allclose(image.numpy().astype(int), as_pillow_sees_it(content), atol=tolerance)
    assert int(pixel_count(content)) == HEIGHT * WIDTH


def test_alpha_is_dropped_and_not_blended(photo, decode):
    transparent = photo.copy()
    transparent.putalpha(Image.new("L", photo.size, 1))
    for kind, options in (("PNG", {}), ("WEBP", {"lossless": True, "exact": True})):
        np.testing.assert_array_equal(decode(encode(transparent, kind, **options)), np.asarray(photo))


def test_lossy_webp_with_alpha_is_read_from_its_color_chunk(photo, decode):
    transparent = photo.copy()
    transparent.putalpha(Image.linear_gradient("L").resize(photo.size))
    content = encode(transparent, "WEBP", quality=100, exact=True)
    assert b"ALPH" in content
    np.testing.assert_allclose(decode(content).numpy().astype(int), as_pillow_sees_it(content), atol=8)


def test_16_bits_keep_their_upper_byte(decode):
    pixels = np.arange(0, 65536, 1000, dtype=np.uint16).reshape(6, 11)
    image = decode(encode(Image.fromarray(pixels), "PNG"))
    np.testing.assert_array_equal(image[..., 0], pixels >> 8)


@pytest.mark.parametrize(("kind", "options"), [("GIF", {}), ("WEBP", {"lossless": True}), ("WEBP", {"quality": 95})])
def test_an_animation_gives_its_first_frame(kind, options, photo, decode):
    others = [photo.rotate(180), photo.rotate(180).transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    content = encode(photo, kind, save_all=True, append_images=others, **options)
    assert Image.open(io.BytesIO(content)).n_frames == 3
    tolerance = 12 if "quality" in options else 0
    np.testing.assert_allclose(decode(content).numpy().astype(int), as_pillow_sees_it(content), atol=tolerance)


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_later_frames_are_not_even_read(kind, photo, decode):
    still = decode(encode(photo, kind, lossless=True)).numpy()
    content = encode(photo, kind, lossless=True, save_all=True, append_images=[photo.rotate(180)])
    broken = content[: int(0.7 * len(content))]
    np.testing.assert_array_equal(decode(broken), still)


def test_exif_orientation_is_ignored_if_asked(photo, decode):
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn me by 90 degrees"
    turned = decode_image(encode(photo, "JPEG", exif=exif), orientation="ignore")
    np.testing.assert_array_equal(turned, decode(encode(photo, "JPEG")))


@pytest.mark.parametrize(
    ("kind", "mode"), [("PNG", "L"), ("JPEG", "CMYK"), ("GIF", "RGB"), ("BMP", "P"), ("WEBP", "RGB")]
)
def test_gray_is_the_weighted_sum_of_rgb_for_every_kind(kind, mode, photo):
    content = encode(photo.convert(mode), kind)
    rgb = decode_image(content).numpy().astype(float)
    gray = decode_image(content, channels=1)
    assert gray.shape == (HEIGHT, WIDTH, 1)
    np.testing.assert_array_equal(gray[..., 0], np.round(rgb @ [0.2989, 0.587, 0.114]))


def test_gray_levels_survive_the_way_through_rgb():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    gray = decode_image(encode(Image.fromarray(levels), "PNG"), channels=1)
    np.testing.assert_array_equal(gray[..., 0], levels)


def png_that_claims(width, height):
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    checksum = struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + checksum


def gif_that_claims(width, height):
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x4c\x01\x00"
    return b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0" * 6 + frame + b";"


def bmp_that_claims(width, height):
    return b"BM" + struct.pack("<IIIIiiHHI", 54, 0, 54, 40, width, height, 1, 24, 0) + b"\0" * 20


def webp_that_claims(width, height):
    sides = (width - 1) | (height - 1) << 14
    chunk = b"VP8L" + struct.pack("<I", 6) + b"\x2f" + struct.pack("<I", sides) + b"\0"
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


@pytest.mark.parametrize(
    "bomb",
    [
        png_that_claims(100_000, 100_000),
        png_that_claims(2**32 - 1, 2**32 - 1),
        gif_that_claims(60_000, 60_000),
        bmp_that_claims(100_000, -100_000),
        webp_that_claims(16_000, 16_000),
    ],
)
def test_an_image_bomb_is_refused_by_its_header(bomb, decode):
    with pytest.raises(tf.errors.InvalidArgumentError, match="max_pixels=50000000 pixels"):
        decode(bomb)


def test_the_limit_is_inclusive(photo):
    for kind in ("PNG", "JPEG", "GIF", "BMP", "WEBP"):
        content = encode(photo, kind)
        assert decode_image(content, max_pixels=600).shape == (HEIGHT, WIDTH, 3)
        with pytest.raises(tf.errors.InvalidArgumentError, match="max_pixels=599 pixels"):
            decode_image(content, max_pixels=599)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"not an image, whatever its name says", "no image of a known kind"),
        (b"B", "no image of a known kind"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "no image of a known kind"),
        (b"GIF89a", "has no frame"),
        (b"RIFF\0\0\0\0WEBP", "is truncated"),
        (bmp_that_claims(10, 10)[:16], "kind of BMP is not supported"),
    ],
)
def test_what_is_no_image_says_so(content, message, decode):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        decode(content)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP"])
@pytest.mark.parametrize("part", [0.05, 0.5, 0.95])
def test_a_truncated_file_is_an_error(kind, part, photo, decode):
    content = encode(photo, kind)
    with pytest.raises(tf.errors.InvalidArgumentError):
        decode(content[: int(part * len(content))])


def test_corrupt_bytes_never_crash(photo, decode, rng):
    for kind in ("PNG", "JPEG", "GIF", "BMP", "WEBP"):
        for _ in range(30):
            content = bytearray(encode(photo, kind))
            for position in rng.integers(4, len(content), 8):
                content[position] = rng.integers(256)
            try:
                image = decode(bytes(content))
            except tf.errors.InvalidArgumentError:
                continue
            assert image.dtype == tf.uint8


def test_decode_and_resize_is_decode_then_resize(photo):
    content = encode(photo, "PNG")
    expected = tf.image.resize(np.asarray(photo), (7, 11), antialias=True)
    resized = decode_and_resize(content, (7, 11))
    assert resized.dtype == tf.uint8
    np.testing.assert_array_equal(resized, np.round(expected))


@pytest.mark.parametrize(("orientation", "size"), [("exif", (WIDTH, HEIGHT)), ("ignore", (HEIGHT, WIDTH))])
def test_the_measured_size_is_that_of_the_image_before_it_is_resized(photo, orientation, size):
    exif = Image.Exif()
    exif[0x0112] = 6
    content = encode(photo, "PNG", exif=exif)
    image, measured = decode_and_measure(content, (7, 11), resize="pad", orientation=orientation)
    assert tuple(measured.numpy()) == size
    expected = decode_and_resize(content, (7, 11), resize="pad", orientation=orientation)
    np.testing.assert_array_equal(image, expected)


def test_it_maps_over_a_batch_of_files_of_all_kinds_with_a_static_shape(photo):
    files = [encode(photo, kind) for kind in ("PNG", "JPEG", "GIF", "BMP", "WEBP")]

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def serve(image_bytes):
        spec = tf.TensorSpec((8, 8, 3), tf.uint8)
        return tf.map_fn(lambda one: decode_and_resize(one, (8, 8)), image_bytes, fn_output_signature=spec)

    assert serve.get_concrete_function().output_shapes == (None, 8, 8, 3)
    for image, file in zip(serve(files), files, strict=True):
        np.testing.assert_array_equal(image, decode_and_resize(file, (8, 8)))

    dataset = tf.data.Dataset.from_tensor_slices(files).map(lambda one: decode_and_resize(one, 8, channels=1))
    assert dataset.element_spec.shape == (8, 8, 1)
    assert len(list(dataset)) == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"channels": 4}, "channels=4"),
        ({"max_pixels": 0}, "max_pixels=0"),
        ({"resize": "zoom"}, "resize='zoom'"),
        ({"image_size": (8, 0)}, "image_size=\\(8, 0\\)"),
        ({"image_size": "8"}, "image_size=8"),
    ],
)
def test_arguments_are_checked(arguments, message, photo):
    with pytest.raises(ValueError, match=message):
        decode_and_resize(encode(photo, "PNG"), **{"image_size": (8, 8), **arguments})


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_turned_upright_as_exif_says(photo, decode, kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WebP" else {"quality": 95}
    content = encode(photo, kind, exif=exif, **options)
    stored = Image.open(io.BytesIO(content))
    upright = np.asarray(ImageOps.exif_transpose(stored).convert("RGB")).astype(int)
    image = decode(content).numpy()
    assert image.shape == upright.shape
    assert np.abs(image - upright).max() <= 8
    assert decode_image(content, orientation="ignore").shape == (HEIGHT, WIDTH, 3)


def bmp_with_masks(pixel, red, green, blue, bits=32):
    header = struct.pack("<IiiHHIIiiII", 56, 1, 1, 1, bits, 3, 4, 0, 0, 0, 0) + struct.pack(
        "<4I", red, green, blue, 0
    )
    return b"BM" + struct.pack("<IHHI", 74, 0, 0, 70) + header + bytes(pixel)


@pytest.mark.parametrize("order", ["RGBA", "BGRA", "ARGB", "ABGR", "GBRA"])
def test_the_masks_of_a_bmp_say_where_its_channels_are(order, decode):
    values = {"R": 200, "G": 100, "B": 50, "A": 255}
    masks = [0xFF << 8 * order.index(channel) for channel in "RGB"]
    content = bmp_with_masks([values[channel] for channel in order], *masks)
    assert decode(content).numpy().tolist() == [[[200, 100, 50]]]


@pytest.mark.parametrize(
    ("masks", "bits"), [((0x3FF, 0xFFC00, 0x3FF00000), 32), ((0, 0xFF00, 0xFF), 32), ((0xFF0000, 0xFF00, 0xFF), 24)]
)
def test_masks_of_no_whole_bytes_are_refused(masks, bits, decode):
    with pytest.raises(tf.errors.InvalidArgumentError, match="BITFIELDS"):
        decode(bmp_with_masks([1, 2, 3, 4], *masks, bits=bits))
