from PIL import Image

from keras_ssl.data import from_directory
from keras_ssl.data.memoize import memoize_scans, memoized


def test_outside_of_a_command_everything_is_looked_at_anew():
    assert [memoized("key", lambda number=number: number) for number in range(2)] == [0, 1]


def test_a_command_looks_once_and_forgets():
    with memoize_scans():
        assert memoized("key", lambda: 1) == 1
        with memoize_scans():
            assert memoized("key", lambda: 2) == 1
        assert memoized("other", lambda: 3) == 3
    assert memoized("key", lambda: 4) == 4


def test_a_folder_is_walked_once(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    with memoize_scans():
        assert len(from_directory(tmp_path, image_size=4).file_paths) == 1
        Image.new("RGB", (4, 4)).save(tmp_path / "b.png")
        assert len(from_directory(tmp_path, image_size=4).file_paths) == 1
    assert len(from_directory(tmp_path, image_size=4).file_paths) == 2
