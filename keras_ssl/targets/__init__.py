"""What a loss compares with beside this batch and this network: features of the past, a network that follows."""

from keras_ssl.targets.feature_queue import FeatureQueue
from keras_ssl.targets.momentum import momentum_copy, momentum_update

__all__ = ["FeatureQueue", "momentum_copy", "momentum_update"]
