import pytest
from PIL import Image

from keras_ssl.data import describe


def test_digits():
    assert describe("digits") == ((8, 8, 1), True, 1437, (8, 8))
    assert describe("digits", split="test").images == 360


def test_a_folder_is_labelled_by_its_subfolders(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.jpg").touch()
    assert describe(str(tmp_path)) == ((None, None, 3), True, 2, None)
    (tmp_path / "stray.jpg").touch()
    assert not describe(str(tmp_path)).labelled


def test_a_single_subfolder_tells_nothing_apart(tmp_path):
    (tmp_path / "holidays" / "2026").mkdir(parents=True)
    for number in range(2):
        (tmp_path / "holidays" / "2026" / f"{number}.jpg").touch()
    assert not describe(str(tmp_path)).labelled


def test_the_typical_size_is_the_median_of_what_headers_say(tmp_path):
    for number, size in enumerate([(40, 30), (60, 50), (900, 70)]):
        Image.new("RGB", size).save(tmp_path / f"{number}.png")
    (tmp_path / "broken.png").write_bytes(b"no image")
    assert describe(str(tmp_path)) == ((None, None, 3), False, 4, (50, 60))


def test_a_data_set_by_name(tfds_dir):
    assert describe("cifar10", tfds_dir, "train[:100]") == ((32, 32, 3), True, 100, (32, 32))


def test_an_unknown_name(tmp_path):
    with pytest.raises(ValueError, match="Received: name='cifar11'"):
        describe("cifar11", str(tmp_path))


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        describe(str(tmp_path / "missing"))


def test_pictures_that_lie_on_their_side_are_measured_upright(tmp_path):
    for orientation in (1, 3, 6, 8):
        exif = Image.Exif()
        exif[0x0112] = orientation
        size = (50, 40) if orientation >= 5 else (40, 50)
        Image.new("RGB", size).save(tmp_path / f"{orientation}.jpg", exif=exif)
    assert describe(str(tmp_path)).typical_size == (50, 40)
