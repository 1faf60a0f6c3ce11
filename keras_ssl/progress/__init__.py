"""Progress of long work: a named bar on a terminal, plain lines elsewhere."""

from keras_ssl.progress.bar import Bar
from keras_ssl.progress.duration import duration
from keras_ssl.progress.stage import Stage

__all__ = ["Bar", "Stage", "duration"]
