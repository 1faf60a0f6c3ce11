import pytest

from keras_ssl.data import describe


def test_digits():
    assert describe("digits") == ((8, 8, 1), True)


def test_a_folder_is_labelled_by_its_subfolders(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.jpg").touch()
    assert describe(str(tmp_path)) == ((None, None, 3), True)
    (tmp_path / "stray.jpg").touch()
    assert describe(str(tmp_path)) == ((None, None, 3), False)


def test_a_single_subfolder_tells_nothing_apart(tmp_path):
    (tmp_path / "holidays" / "2026").mkdir(parents=True)
    for number in range(2):
        (tmp_path / "holidays" / "2026" / f"{number}.jpg").touch()
    assert describe(str(tmp_path)) == ((None, None, 3), False)


def test_a_data_set_by_name(tfds_dir):
    assert describe("cifar10", tfds_dir) == ((32, 32, 3), True)


def test_an_unknown_name(tmp_path):
    with pytest.raises(ValueError, match="Received: name='cifar11'"):
        describe("cifar11", str(tmp_path))


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        describe(str(tmp_path / "missing"))
