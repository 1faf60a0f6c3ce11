"""What the README measures, by commands that anyone can run: `python -m benchmarks.step`, `.augment`, `.demo`."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras_ssl  # noqa: F401 - before keras, so that it can turn oneDNN on
