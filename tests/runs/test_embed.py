import numpy as np
import pytest

from keras_ssl import runs
from keras_ssl.data import from_directory


def test_features_and_names_of_all_files(finished, photos, tmp_path):
    assert runs.embed(finished, photos, tmp_path / "out" / "features", verbose=0) == (60, 8)
    written = np.load(tmp_path / "out" / "features.npz")
    assert len(written["files"]) == 60 and str(written["files"][0]).endswith("bright/0.jpg")
    images = from_directory(photos, image_size=(8, 8), channels=1, shuffle=False, resize="crop")
    expected = finished.encoder().predict(images, verbose=0)
    np.testing.assert_allclose(written["features"], expected, atol=1e-5)


def test_a_place_that_cannot_be_written_to_is_said_before_anything_is_done(finished, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError, match="Cannot create the folder"):
        runs.embed(finished, tmp_path / "photos-that-are-not-there", tmp_path / "file" / "features.npz", verbose=0)


def test_a_dot_in_the_name_is_no_suffix(finished, photos, tmp_path):
    for name in ("out.2024-01", "out.2024-02", "out.npz"):
        runs.embed(finished, photos / "dark", tmp_path / name, verbose=0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.2024-01.npz", "out.2024-02.npz", "out.npz"]


def test_files_that_are_no_images_can_be_left_out(finished, photos, tmp_path):
    (tmp_path / "mixed").mkdir()
    (tmp_path / "mixed" / "good.jpg").write_bytes((photos / "dark" / "0.jpg").read_bytes())
    (tmp_path / "mixed" / "bad.jpg").write_bytes(b"no image")
    with pytest.raises(Exception, match="bad.jpg"):
        runs.embed(finished, tmp_path / "mixed", tmp_path / "features.npz", verbose=0)
    assert not (tmp_path / "features.npz").exists()
    with pytest.warns(UserWarning, match="bad.jpg"):
        shape = runs.embed(finished, tmp_path / "mixed", tmp_path / "features.npz", on_error="skip", verbose=0)
    assert shape == (1, 8)
