import os

import pytest

from keras_ssl.data.files import in_subset, label_by_folder, list_images


def test_images_are_found_at_any_depth_by_any_spelling_of_the_extension(folder):
    names = ["b.PNG", "a.jpg", "cats/1.JPEG", "cats/wild/2.gif", "cats/wild/3.bmp", "dogs/4.WebP"]
    path = folder(dict.fromkeys(names, 0))
    (path / "notes.txt").write_text("no image")
    (path / "empty").mkdir()
    assert list_images(path) == sorted(names)


def test_hidden_files_and_folders_are_left_out(folder):
    path = folder({"a.png": 0, ".hidden.png": 0, ".cache/b.png": 0})
    assert list_images(path) == ["a.png"]


def test_loops_of_links_are_harmless(folder):
    path = folder({"a/1.png": 0, "b/2.png": 0})
    os.symlink(path, path / "a" / "up")
    os.symlink(path / "a", path / "b" / "across")
    os.symlink(path / "b", path / "a" / "across")
    found = list_images(path)
    assert sorted(os.path.basename(name) for name in found) == ["1.png", "2.png"]
    assert found == list_images(path)


def test_linked_files_count_and_a_link_to_nowhere_does_too(folder):
    path = folder({"a.png": 0})
    os.symlink(path / "a.png", path / "b.png")
    os.symlink(path / "gone.png", path / "c.png")
    assert list_images(path) == ["a.png", "b.png", "c.png"]


def test_labels_are_the_first_level_folders(folder):
    path = folder({"dog/1.png": 0, "cat/2.png": 0, "cat/wild/3.png": 0})
    (path / "emu").mkdir()
    names = list_images(path)
    assert names == ["cat/2.png", "cat/wild/3.png", "dog/1.png"]
    assert label_by_folder(path, names) == ([0, 0, 1], ["cat", "dog", "emu"])


def test_an_image_without_a_class_folder_has_no_label(folder):
    path = folder({"dog/1.png": 0, "stray.png": 0})
    with pytest.raises(ValueError, match=r"1 files in no subfolder, such as 'stray\.png'"):
        label_by_folder(path, list_images(path))


def test_a_subset_depends_on_the_names_alone():
    names = [f"class{n % 3}/{n}.jpg" for n in range(500)]
    train, test = in_subset(names, "train"), in_subset(names, "test")
    assert sorted(train + test) == sorted(names) and 60 < len(test) < 140
    assert in_subset(names[:100], "test") == [name for name in test if name in names[:100]]


def test_something_is_left_to_learn_a_small_class_by():
    rare = [f"rare{os.sep}{n}.jpg" for n in range(99)]
    held_out = in_subset(rare, "test")[:2]
    often = [f"often{os.sep}{n}.jpg" for n in range(20)]
    assert in_subset([*held_out, *often], "train")[:2] == held_out
    assert in_subset([*held_out, in_subset(rare, "train")[0], *often], "test")[:2] == held_out


@pytest.mark.parametrize(
    "names, subset, message", [(["a.jpg"], "all", "'train', 'test' or None"), ([], "test", "is empty")]
)
def test_a_subset_that_cannot_be(names, subset, message):
    with pytest.raises(ValueError, match=f"{message}.*Received: subset="):
        in_subset(names, subset)
