from keras_ssl.callbacks.checkpoint import Checkpoint, latest_checkpoint
from keras_ssl.callbacks.knn_monitor import KNNMonitor

__all__ = ["Checkpoint", "KNNMonitor", "latest_checkpoint"]
