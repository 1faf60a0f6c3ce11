from keras_ssl.callbacks.batch_statistics import BatchStatistics
from keras_ssl.callbacks.checkpoint import Checkpoint, latest_checkpoint
from keras_ssl.callbacks.collapse_monitor import CollapseMonitor
from keras_ssl.callbacks.gan_monitor import GANMonitor
from keras_ssl.callbacks.knn_monitor import KNNMonitor
from keras_ssl.callbacks.progress import Progress

__all__ = [
    "BatchStatistics",
    "Checkpoint",
    "CollapseMonitor",
    "GANMonitor",
    "KNNMonitor",
    "Progress",
    "latest_checkpoint",
]
