import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.data import from_directory

tifffile = pytest.importorskip("tifffile")


@pytest.fixture
def folder_of(tmp_path):
    """A maker of folders of TIFF files, each given as (values, options of tifffile.imwrite)."""

    def make(*files):
        for number, (values, options) in enumerate(files):
            tifffile.imwrite(tmp_path / f"{number}.tif", values, **{"photometric": "minisblack", **options})
        return tmp_path

    return make


def read(folder, size=(4, 5), **options):
    (images,) = from_directory(folder, image_size=size, shuffle=False, **options)
    return images.numpy()


def values_of(rng, shape, bits):
    values = rng.integers(0, 2**bits, shape, dtype=np.uint16)
    values.flat[0] = 2**bits - 1
    return values.astype(np.uint8) if bits == 8 else values


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_gray_and_rgb_come_in_the_channels_of_the_folder(bits, compression, folder_of, rng):
    gray, color = values_of(rng, (4, 5), bits), values_of(rng, (4, 5, 3), bits)
    folder = folder_of((gray, {"compression": compression}), (color, {"photometric": "rgb"}))
    gray, color = gray >> (bits - 8), color >> (bits - 8)
    images = read(folder)
    np.testing.assert_array_equal(images[0], np.repeat(gray[..., None], 3, axis=-1))
    np.testing.assert_array_equal(images[1], color)
    images = read(folder, channels=1)
    np.testing.assert_array_equal(images[0, ..., 0], gray)
    expected = np.round(tf.image.rgb_to_grayscale(color.astype(np.float32)))
    np.testing.assert_allclose(images[1].astype(int), expected, atol=1)


@pytest.mark.parametrize("compression", ["lzw", "jpeg"])
def test_compressed_files(compression, folder_of):
    pytest.importorskip("imagecodecs")
    values = np.full((16, 16, 3), [200, 30, 90], np.uint8)
    image = read(folder_of((values, {"photometric": "rgb", "compression": compression})), (16, 16))[0]
    np.testing.assert_allclose(image.astype(int), values, atol=3)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_many_channels(planar, folder_of, rng):
    values = values_of(rng, (4, 5, 13), 16)
    stored = values if planar == "contig" else values.transpose(2, 0, 1)
    folder = folder_of((stored, {"planarconfig": planar}))
    np.testing.assert_array_equal(read(folder, channels=13)[0], values >> 8)
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"13 channels, .* with 3: set channels=13.*--channels 13"
    ):
        read(folder)


def test_pages_are_channels_where_as_many_are_wanted_and_refused_otherwise(folder_of, rng):
    values = values_of(rng, (6, 4, 5), 8)
    folder = folder_of((values, {}))
    np.testing.assert_array_equal(read(folder, channels=6)[0], values.transpose(1, 2, 0))
    for channels in (1, 3):
        with pytest.raises(tf.errors.InvalidArgumentError, match="has 6 pages.*file of its own"):
            read(folder, channels=channels)


def test_a_thumbnail_is_no_page(tmp_path, rng):
    values = values_of(rng, (8, 10), 8)
    with tifffile.TiffWriter(tmp_path / "0.tif") as file:
        file.write(values, photometric="minisblack")
        file.write(values[::2, ::2], photometric="minisblack", subfiletype=1)
    np.testing.assert_array_equal(read(tmp_path, (8, 10), channels=1)[0, ..., 0], values)


def test_alpha_is_dropped_unless_it_is_wanted(folder_of, rng):
    values = values_of(rng, (4, 5, 4), 8)
    folder = folder_of((values, {"photometric": "rgb", "extrasamples": ["unassalpha"]}))
    np.testing.assert_array_equal(read(folder)[0], values[..., :3])
    np.testing.assert_array_equal(read(folder, channels=4)[0], values)


def test_white_as_zero_palettes_and_single_bits(folder_of, rng):
    values = values_of(rng, (4, 5), 8)
    palette = rng.integers(0, 2**16, (3, 256), dtype=np.uint16)
    single = values > 100
    folder = folder_of(
        (values, {"photometric": "miniswhite"}),
        (values, {"photometric": "palette", "colormap": palette}),
        (single, {}),
    )
    images = read(folder)
    np.testing.assert_array_equal(images[0, ..., 0], 255 - values)
    np.testing.assert_array_equal(images[1], palette.T[values] >> 8)
    np.testing.assert_array_equal(images[2, ..., 0], 255 * single)


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_twelve_bits_in_sixteen(photometric, folder_of, rng):
    values = values_of(rng, (4, 5), 12)
    folder = folder_of((values, {"photometric": photometric}))
    with pytest.raises(ValueError, match="largest value in 1 of them is 4095.*--bits 12"):
        read(folder)
    expected = values >> 4 if photometric == "minisblack" else (4095 - values) >> 4
    np.testing.assert_array_equal(read(folder, channels=1, bits=12)[0, ..., 0], expected)
    with pytest.raises(tf.errors.InvalidArgumentError, match="do not fit into bits=10, up to 4095"):
        read(folder, bits=10)


def test_dark_pages_as_channels_are_refused_too(folder_of, rng):
    with pytest.raises(ValueError, match="--bits 12"):
        read(folder_of((values_of(rng, (6, 4, 5), 12), {})), channels=6)


def test_orientation(folder_of, rng):
    values = values_of(rng, (4, 5), 8)
    folder = folder_of((values, {"extratags": [(274, "H", 1, 6, True)]}))  # "turn me by 90 degrees"
    np.testing.assert_array_equal(read(folder, (5, 4), channels=1)[0, ..., 0], np.rot90(values, -1))
    np.testing.assert_array_equal(read(folder, (4, 5), channels=1, orientation="ignore")[0, ..., 0], values)


@pytest.mark.parametrize("dtype", ["float32", "int16", "uint32"])
def test_other_numbers_are_refused_with_what_was_seen(dtype, folder_of):
    folder = folder_of((np.full((4, 5), 7, dtype), {}))
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"0.tif .*{dtype} values from 7 to 7.*8 or 16 bits"):
        read(folder)


def test_too_many_pixels_and_broken_files_are_named(folder_of, tmp_path):
    folder = folder_of((np.zeros((40, 50), np.uint8), {}))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"max_pixels=1999.*width, height = 50 40"):
        read(folder, max_pixels=1999)
    (tmp_path / "1.tif").write_bytes(b"no image")
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"1\.tif .*TIFF"):
        read(folder)
    with pytest.warns(UserWarning, match=r"1\.tif"):
        assert len(read(folder, on_error="skip")) == 1
