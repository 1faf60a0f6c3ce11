import numpy as np
import pytest

from keras_ssl import export


def test_load_takes_the_folder_of_versions_or_one_version(exported):
    by_version, newest = export.load(exported.version), export.load(exported.path)
    assert by_version.path == newest.path == exported.version
    assert newest.manifest["method"] == "simclr"
    assert str(exported.version) in repr(newest)


def test_images_may_be_of_any_dtype(exported, rng):
    served = export.load(exported.version)
    images = rng.integers(0, 256, (2, 16, 16, 3), "uint8")
    np.testing.assert_array_equal(served(images)["embedding"], served(images.astype("float64"))["embedding"])


def test_nothing_there(tmp_path):
    with pytest.raises(ValueError, match="no exported model"):
        export.load(tmp_path)
