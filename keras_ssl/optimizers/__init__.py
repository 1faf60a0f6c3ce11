"""Optimizers and schedules for self-supervised learning that Keras does not have."""

from keras_ssl.optimizers.cosine_momentum import CosineMomentum
from keras_ssl.optimizers.lars import LARS
from keras_ssl.optimizers.layer_decay import LayerDecay
from keras_ssl.optimizers.learning_rates import scaled_cosine, scaled_learning_rate
from keras_ssl.optimizers.sgd import SGD

__all__ = ["LARS", "SGD", "CosineMomentum", "LayerDecay", "scaled_cosine", "scaled_learning_rate"]
