import fcntl
import os

import pytest

from keras_ssl.files.atomic_write import atomic_write


def test_a_file_is_whole_or_as_it_was(tmp_path):
    path = tmp_path / "a.txt"
    atomic_write(path, lambda temporary: temporary.write_text("one"))

    def crash(temporary):
        temporary.write_text("tw")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        atomic_write(path, crash)
    assert path.read_text() == "one" and os.listdir(tmp_path) == ["a.txt"]


def test_two_writers_do_not_meet_and_links_are_not_followed(tmp_path):
    path, victim = tmp_path / "a.txt", tmp_path / "victim"
    victim.write_text("mine")
    path.symlink_to(victim)
    (tmp_path / "writing-a.txt").symlink_to(victim)

    def write(temporary):
        atomic_write(path, lambda other: other.write_text("other"))
        assert path.read_text() == "other"
        assert temporary.parent.stat().st_mode & 0o77 == 0
        temporary.write_text("own")

    atomic_write(path, write)
    assert path.read_text() == "own" and not path.is_symlink() and victim.read_text() == "mine"


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path):
    for name in ("dead", "alive"):
        (tmp_path / f".writing-a.txt-{name}").mkdir()
    descriptor = os.open(tmp_path / ".writing-a.txt-alive", os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    atomic_write(tmp_path / "a.txt", lambda temporary: temporary.write_text("one"))
    os.close(descriptor)
    assert sorted(os.listdir(tmp_path)) == [".writing-a.txt-alive", "a.txt"]
