"""The measurements of README and docs, as commands: `python -m benchmarks.step`, `.augment`, `.demo`."""

from keras_ssl.cli import quiet_import

with quiet_import():
    import keras  # noqa: F401 - behind keras_ssl, which turns oneDNN on
