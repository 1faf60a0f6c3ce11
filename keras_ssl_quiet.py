"""The `keras-ssl` command until TensorFlow is imported.

It lies outside the package because importing anything in the package imports TensorFlow, which greets on stderr with
a dozen lines about its build and missing GPUs; some of them no setting turns off.
"""

import contextlib
import os
import sys


@contextlib.contextmanager
def quiet_import():
    """Keeps what is printed below Python while TensorFlow is imported from the terminal. Exceptions come through."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    terminal = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
        os.close(nowhere)


def main():
    """Runs the command; with `--debug` nothing is kept from the terminal."""
    with contextlib.nullcontext() if "--debug" in sys.argv else quiet_import():
        from keras_ssl.cli import main as command
    command()
