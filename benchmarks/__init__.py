"""What the README measures, by commands that anyone can run: `python -m benchmarks.step`, `.augment`, `.demo`."""

from keras_ssl_quiet import quiet_import

with quiet_import():
    import keras_ssl  # noqa: F401 - before keras, so that it can turn oneDNN on
