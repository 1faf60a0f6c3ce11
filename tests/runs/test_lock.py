import shutil
import subprocess
import sys

import pytest

from keras_ssl import runs
from keras_ssl.runs.lock import locked

HOLDS = """
import fcntl, sys
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""


def test_a_folder_belongs_to_one_training(finished, tmp_path, tiny):
    """A second one hears so before it writes anything, be it new or going on."""

    def written():
        return {path: path.stat().st_mtime_ns for path in finished.path.rglob("*") if path.is_file()}

    before = written()
    with locked(finished.path), pytest.raises(BlockingIOError, match="Another process trains in .*--resume"):
        runs.resume(finished.path, verbose=0)
    assert written() == before
    with locked(tmp_path):
        with pytest.raises(BlockingIOError, match="process [0-9]+ on "):
            runs.pretrain("simclr", "digits", tmp_path, overrides=tiny, verbose=0)
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]
    assert not list(tmp_path.iterdir())


def test_a_lock_dies_with_its_process(finished):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(finished.path / ".lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    holder.stdout.readline()
    with pytest.raises(BlockingIOError, match="Another process trains"):
        runs.resume(finished.path, verbose=0)
    holder.kill()
    holder.communicate()
    assert runs.resume(finished.path, verbose=0).epochs_done == 2
    assert not (finished.path / ".lock").exists()


@pytest.mark.parametrize(
    "make, reason",
    [
        (lambda path: path.symlink_to(path.with_name("elsewhere")), "is a symbolic link"),
        (lambda path: path.mkdir(), "Is a directory"),
    ],
)
def test_a_lock_that_is_no_file_is_said_in_words_and_not_followed(make, reason, finished, tmp_path, tiny):
    folder = shutil.copytree(finished.path, tmp_path / "run")
    make(folder / ".lock")
    (tmp_path / "new").mkdir()
    make(tmp_path / "new" / ".lock")
    for train in (
        lambda: runs.resume(folder, verbose=0),
        lambda: runs.pretrain("simclr", "digits", tmp_path / "new", overrides=tiny, verbose=0),
    ):
        with pytest.raises(OSError, match=f"locks its folder with the file .*{reason}.*Received: out="):
            train()
    assert not (folder / "elsewhere").exists() and not (tmp_path / "new" / "elsewhere").exists()


def test_where_there_are_no_locks_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("keras_ssl.files.file_lock.fcntl", None)
    with pytest.warns(UserWarning, match="has no locks"), locked(tmp_path):
        pass
