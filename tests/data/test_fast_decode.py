import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from keras_ssl.data.decode import MAX_PIXELS, decode_image
from keras_ssl.data.fast_decode import fast_decode, is_plain


def encoded(kind, mode="RGB", size=(40, 30), **options):
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, kind, **options)
    return file.getvalue()


def never(image_bytes):
    raise AssertionError("not plain")


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "L"), ("PNG", "1"), ("JPEG", "RGB"), ("JPEG", "L")],
)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("needed", [None, 4])
def test_plain_files_have_the_pixels_of_decode_image(kind, mode, channels, needed):
    content = encoded(kind, mode)
    assert is_plain(content)
    image = fast_decode(content, needed, channels, MAX_PIXELS, never)
    np.testing.assert_array_equal(image, decode_image(content, channels, needed=needed))


def with_exif(orientation=6):
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize(
    "content",
    [
        encoded("JPEG", exif=with_exif()),
        encoded("PNG", exif=with_exif()),
        encoded("PNG", "I;16"),
        encoded("GIF"),
        encoded("WebP"),
        encoded("BMP"),
        b"",
        b"no image",
    ],
    ids=["exif jpeg", "exif png", "16 bits", "gif", "webp", "bmp", "empty", "text"],
)
def test_what_needs_more_than_a_decoder_is_not_plain(content):
    assert not is_plain(content)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_large_images_are_left_to_the_other_way(kind):
    other = tf.zeros((1, 2, 3), tf.uint8)
    content = encoded(kind)
    assert fast_decode(content, None, 3, 1199, lambda image_bytes: other).shape == (1, 2, 3)
    assert fast_decode(content, None, 3, 1200, lambda image_bytes: other).shape == (30, 40, 3)


def not_plain(content):
    return tf.zeros((1, 1, 3), tf.uint8)


def with_text():
    text = PngInfo()
    text.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta/>")
    return text


TAGGED = {
    **{f"jpeg {n}": encoded("JPEG", exif=with_exif(n)) for n in range(1, 9)},
    **{f"png {n}": encoded("PNG", exif=with_exif(n)) for n in range(1, 9)},
    "jpeg profile": encoded("JPEG", icc_profile=b"\7" * 3000),
    "jpeg profile and exif": encoded("JPEG", icc_profile=b"\7" * 3000, exif=with_exif()),
    "jpeg xmp": encoded("JPEG", xmp=b"<x:xmpmeta/>"),
    "gray jpeg": encoded("JPEG", "L", exif=with_exif()),
    "png profile": encoded("PNG", icc_profile=b"\7" * 3000),
    "png xmp": encoded("PNG", pnginfo=with_text(), exif=with_exif()),
    "plain jpeg": encoded("JPEG"),
    "plain png": encoded("PNG"),
}


@pytest.mark.parametrize(("channels", "needed", "orientation"), [(3, None, "exif"), (1, 4, "ignore")])
def test_files_with_segments_are_plain_where_heads_are_walked(channels, needed, orientation):
    @tf.function(input_signature=[tf.TensorSpec((), tf.string)], autograph=False)
    def both(content):
        quickly = fast_decode(content, needed, channels, MAX_PIXELS, not_plain, True, orientation)
        return quickly, decode_image(content, channels, orientation=orientation, needed=needed)

    for name, content in TAGGED.items():
        image, expected = both(content)
        np.testing.assert_array_equal(image, expected, name)


@pytest.mark.parametrize("kind", ["WebP", "BMP", "GIF"])
def test_other_kinds_are_not_plain_where_heads_are_walked(kind):
    assert fast_decode(encoded(kind), None, 3, MAX_PIXELS, not_plain, walks=True).shape == (1, 1, 3)
