import importlib.util

import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.data import describe, from_directory


@pytest.fixture
def without_extras(monkeypatch):
    find = importlib.util.find_spec
    missing = ("tifffile", "pydicom")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in missing else find(name))


@pytest.mark.parametrize(("name", "extra"), [("0.TIF", "tiff"), ("0.tiff", "tiff"), ("0.dcm", "dicom")])
def test_a_missing_package_is_named_with_the_command(name, extra, tmp_path, without_extras):
    (tmp_path / name).write_bytes(b"any")
    for call in (from_directory, lambda path: describe(str(path))):
        with pytest.raises(ImportError, match=rf'pip install "keras_ssl\[{extra}\]"'):
            call(tmp_path)


def test_without_the_package_other_files_can_still_be_read(folder, without_extras):
    path = folder({"a.png": 7})
    (path / "b.tif").write_bytes(b"any")
    with pytest.warns(UserWarning, match=r"b\.tif.*pip install"):
        (images,) = from_directory(path, image_size=2, on_error="skip")
    assert images.numpy().tolist() == np.full((1, 2, 2, 3), 7).tolist()


def test_kinds_may_be_mixed(folder, rng):
    tifffile = pytest.importorskip("tifffile")
    path = folder({"a/0.png": 7, "b/1.jpg": 90})
    values = rng.integers(0, 256, (6, 5), dtype=np.uint8)
    tifffile.imwrite(path / "a" / "2.TIFF", values, photometric="minisblack")
    batches = list(from_directory(path, image_size=(6, 5), channels=1, labels=True, batch_size=2))
    images = np.concatenate([images for images, _ in batches])[..., 0]
    np.testing.assert_array_equal(images[0], np.full((6, 5), 7))
    np.testing.assert_array_equal(images[1], values)
    assert np.concatenate([labels for _, labels in batches]).tolist() == [0, 0, 1]
    assert describe(str(path)).typical_size == (6, 5)
    np.testing.assert_array_equal(
        np.concatenate(list(from_directory(path, image_size=(6, 5), channels=1, shuffle=True)))[..., 0].sum(),
        images.sum(),
    )


@pytest.mark.parametrize("channels", [0, 4, 3.0, True])
def test_other_numbers_of_channels_are_for_tiff(channels, folder):
    with pytest.raises(ValueError, match=r"only TIFF files have others.*Received: channels="):
        from_directory(folder({"0.png": 7}), image_size=4, channels=channels)


def test_a_broken_file_is_named_with_its_reason(tmp_path):
    pytest.importorskip("tifffile")
    (tmp_path / "0.tif").write_bytes(b"")
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"0\.tif \(.+\)\. Delete"):
        list(from_directory(tmp_path, image_size=4))
