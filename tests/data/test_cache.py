import io
import os
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.data import from_directory, set_epoch
from keras_ssl.data.cache import choose_cache, free_memory

LEVELS = {f"{name}/{number}.png": 40 * number + base for name, base in (("a", 0), ("b", 20)) for number in range(5)}


class Terminal(io.StringIO):
    def isatty(self):
        return True


def levels(dataset):
    return np.concatenate([batch[:, 0, 0, 0] for batch in dataset]).tolist()


def opened(path, cache, file, **kwargs):
    return from_directory(path, 5, image_size=4, cache=cache, cache_file=file, **kwargs)


@pytest.fixture
def nothing_free(monkeypatch):
    """A quarter of the free memory is nothing, so that pictures go to the disk."""
    monkeypatch.setattr("keras_ssl.data.cache.SHARE_OF_FREE", 0)


@pytest.mark.parametrize("cache", ["auto", "memory", "disk"])
def test_kept_pictures_are_those_that_stream_in_the_same_order(cache, folder, tmp_path_factory, monkeypatch):
    if cache == "disk":
        monkeypatch.setattr("keras_ssl.data.cache.SHARE_OF_FREE", 0)
    path, file = folder(LEVELS), tmp_path_factory.mktemp("run") / "pictures"
    streamed, kept = (opened(path, choice, file, seed=3) for choice in (None, cache))
    assert streamed.cached.kind == "none"
    assert kept.cached.kind == ("disk" if cache == "disk" else "memory")
    assert kept.element_spec == streamed.element_spec
    assert kept.file_paths == streamed.file_paths
    for epoch in (0, 1, 5):
        set_epoch(kept, epoch)
        set_epoch(streamed, epoch)
        assert levels(kept) == levels(streamed)


def test_labels_stay_with_kept_pictures(folder):
    dataset = opened(folder(LEVELS), "memory", None, labels=True, shuffle=True)
    assert dataset.class_names == ["a", "b"]
    for images, labels in dataset:
        np.testing.assert_array_equal(images[:, 0, 0, 0] // 20 % 2, labels)


def test_a_file_is_used_again_until_the_folder_changes(folder, tmp_path_factory, nothing_free):
    path, file = folder(LEVELS), tmp_path_factory.mktemp("run") / "pictures"
    before = levels(opened(path, "disk", file, shuffle=False))
    written = file.stat().st_mtime_ns
    assert levels(opened(path, "disk", file, shuffle=False)) == before
    assert file.stat().st_mtime_ns == written
    (path / "a" / "0.png").write_bytes((path / "b" / "4.png").read_bytes())
    assert levels(opened(path, "disk", file, shuffle=False)) == [180, *before[1:]]
    assert len(levels(opened(path, "disk", file, shuffle=False, channels=1))) == 10


@pytest.mark.parametrize("left", [0, 10, 500])
def test_what_a_killed_process_left_is_not_taken_for_whole(left, folder, tmp_path_factory, nothing_free):
    path, file = folder(LEVELS), tmp_path_factory.mktemp("run") / "pictures"
    before = levels(opened(path, "disk", file, shuffle=False))
    part = file.read_bytes()[:left]
    file.write_bytes(part)
    file.with_name(f".writing-{file.name}-x").mkdir()
    (file.with_name(f".writing-{file.name}-x") / file.name).write_bytes(part)
    assert levels(opened(path, "disk", file, shuffle=False)) == before
    assert os.listdir(file.parent) == [file.name]


def test_a_full_disk_is_said_in_words(folder, tmp_path_factory, nothing_free, monkeypatch):
    path, run = folder(LEVELS), tmp_path_factory.mktemp("run")
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=100))
    with pytest.raises(OSError, match="The disk is full: the decoded images take.*--cache none"):
        opened(path, "disk", run / "pictures")
    assert not os.listdir(run)


@pytest.mark.parametrize("cache", ["memory", "disk"])
def test_a_bad_file_is_named_or_skipped(cache, folder, tmp_path_factory, monkeypatch):
    if cache == "disk":
        monkeypatch.setattr("keras_ssl.data.cache.SHARE_OF_FREE", 0)
    path, run = folder(LEVELS), tmp_path_factory.mktemp("run")
    (path / "a" / "2.png").write_bytes(b"")
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"a/2\.png \(The image is empty"):
        opened(path, cache, run / "pictures")
    assert not os.listdir(run)
    with pytest.warns(UserWarning, match=r"Skipped 1 of 10") as caught:
        dataset = opened(path, cache, run / "pictures", on_error="skip", shuffle=False)
    assert len(caught) == 1
    assert levels(dataset) == [level for name, level in LEVELS.items() if name != "a/2.png"]


def test_the_limit_is_stated_and_kept(monkeypatch):
    monkeypatch.setattr("keras_ssl.data.cache.free_memory", lambda: 4000)
    assert choose_cache("auto", 10, (10, 10, 1)).kind == "memory"
    assert choose_cache("auto", 11, (10, 10, 1)).kind == "none"
    assert choose_cache("disk", 10, (10, 10, 1)).kind == "memory"
    assert choose_cache("disk", 11, (10, 10, 1)).kind == "disk"
    assert choose_cache("memory", 40, (10, 10, 1)).kind == "memory"
    with pytest.raises(ValueError, match="do not fit into the free memory.*cache='disk'"):
        choose_cache("memory", 41, (10, 10, 1))


def test_there_is_memory():
    assert free_memory() > 2**20


def test_arguments_are_checked(folder):
    path = folder(LEVELS)
    with pytest.raises(ValueError, match="cache='yes'"):
        opened(path, "yes", None)
    with pytest.raises(ValueError, match="cache_file"):
        opened(path, "disk", None)


@pytest.mark.parametrize("cache", ["memory", "disk"])
def test_decoding_is_shown_by_one_line_of_its_name(cache, folder, tmp_path_factory, capsys, monkeypatch):
    if cache == "disk":
        monkeypatch.setattr("keras_ssl.data.cache.SHARE_OF_FREE", 0)
    path, file = folder(LEVELS), tmp_path_factory.mktemp("run") / "pictures"
    opened(path, cache, file, verbose=1)
    written = capsys.readouterr().out
    (line,) = written.splitlines()
    assert line.isprintable() and line.startswith(f"decoding {path}: ") and line.endswith(" images/s")
    opened(path, cache, file, verbose=0)
    opened(path, "none", file, verbose=1)
    if cache == "disk":
        opened(path, cache, file, verbose=1)  # nothing is left to decode
    assert capsys.readouterr().out == ""


def test_decoding_has_a_bar_on_a_terminal_that_ends_where_it_should(folder, monkeypatch):
    monkeypatch.setattr("sys.stdout", terminal := Terminal())
    opened(path := folder(LEVELS), "memory", None, verbose=1)
    written = terminal.getvalue()
    assert f"decoding {path}" in written and "100%" in written and written.count("\n") == 1


def test_trying_files_is_shown(folder, capsys):
    opened(path := folder(LEVELS), None, None, verbose=1, on_error="skip")
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"trying the files of {path}: ")
