"""A version is there complete or not at all, whoever else writes and whenever a writer dies."""

import os
import threading
import time

import pytest

from keras_ssl.export import versions


def write_version(path, content="whole"):
    with versions.staging(path) as folder:
        (folder / "saved_model.pb").write_text(content)
        return versions.publish(folder, path)


def test_versions_count_up_and_follow_what_is_there(tmp_path):
    assert [write_version(tmp_path).name for _ in range(3)] == ["1", "2", "3"]
    (tmp_path / "1700000000").mkdir()  # others number by time
    assert write_version(tmp_path).name == "1700000001"
    assert list(versions.numbered(tmp_path)) == [1, 2, 3, 1700000000, 1700000001]
    assert sorted(child.name for child in tmp_path.iterdir())[0] == "1"  # no hidden folder is left


def test_ten_is_newer_than_nine(tmp_path):
    for number in ("9", "10"):
        (tmp_path / number).mkdir()
    assert versions.find(tmp_path) == tmp_path / "10"


def test_a_version_folder_means_itself(tmp_path):
    first, second = write_version(tmp_path), write_version(tmp_path)
    assert versions.find(first) == first
    assert versions.find(tmp_path) == second


def test_nothing_to_find(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ValueError, match="no exported model"):
            versions.find(path)


def test_an_error_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), versions.staging(tmp_path) as folder:
        (folder / "saved_model.pb").write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_killed_writer_leaves_nothing_that_is_served(tmp_path):
    child = os.fork()
    if child == 0:
        with versions.staging(tmp_path) as folder:
            (folder / "saved_model.pb").write_text("half")
            os._exit(9)
    os.waitpid(child, 0)
    (leftover,) = tmp_path.iterdir()
    assert not leftover.name.isdecimal() and leftover.name.startswith(".")

    assert write_version(tmp_path).name == "1"
    assert leftover.exists()  # it may be another writer's, still at work
    two_days_ago = time.time() - 2 * 24 * 60 * 60
    os.utime(leftover, (two_days_ago, two_days_ago))
    assert write_version(tmp_path).name == "2"
    assert not leftover.exists()


def test_who_comes_late_takes_the_next_number(tmp_path, monkeypatch):
    first = write_version(tmp_path, "first")
    listings = iter([{}, {1: first}])  # the first look is one from before the other writer's rename
    monkeypatch.setattr(versions, "numbered", lambda path: next(listings))
    assert write_version(tmp_path, "second").name == "2"
    assert (first / "saved_model.pb").read_text() == "first"


def test_a_file_in_the_way_counts_as_taken(tmp_path):
    (tmp_path / "1").write_text("no folder")
    assert write_version(tmp_path).name == "2"


def test_many_writers_at_once_lose_nothing(tmp_path):
    start = threading.Barrier(8)

    def write(content):
        start.wait()
        write_version(tmp_path, content)

    writers = [threading.Thread(target=write, args=(str(i),)) for i in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    written = versions.numbered(tmp_path)
    assert list(written) == list(range(1, 9))
    contents = {(folder / "saved_model.pb").read_text() for folder in written.values()}
    assert contents == {str(i) for i in range(8)}
