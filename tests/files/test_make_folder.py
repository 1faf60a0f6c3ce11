import pytest

from keras_ssl.files.make_folder import make_folder


def test_folders_are_made_and_may_be_there(tmp_path):
    for _ in range(2):
        make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_a_file_in_the_way_is_said_in_words(tmp_path):
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path / "file", tmp_path / "file" / "x"):
        with pytest.raises(OSError, match=f"Cannot create the folder {path} .*choose another.*Received: '{path}'"):
            make_folder(path)
