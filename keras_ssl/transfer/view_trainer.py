from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_ssl import distribute
from keras_ssl.augment import Augmenter

# A function of views, labels and logits that returns the loss.
Objective = Callable[[tf.Tensor, tf.Tensor | None, tf.Tensor], tf.Tensor]


class ViewTrainer(keras.Model):
    """Trains a network on one random view of each image.

    The views are a function of (seed, step), so that a training can be replayed.

    Args:
        network: A `keras.Model` from images to logits.
        augmenter: A `keras_ssl.augment.Augmenter`.
        objective: Function of the views, their labels (None if there are none) and the logits. It returns the loss, a
            scalar: the mean over the batch.
        seed: Integer. It determines the views.
    """

    def __init__(self, network: keras.Model, augmenter: Augmenter, objective: Objective, seed: int):
        super().__init__()
        self.network = network
        self.augmenter = augmenter
        self.objective = objective
        self.seed = seed
        self.built = True

    def call(self, images: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Return the logits of `images`."""
        return self.network(images, training=training)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Run Keras' training step on views of the images."""
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        step = tf.cast(self.optimizer.iterations, tf.int32)
        seed = tf.random.fold_in(tf.constant([self.seed, 0], tf.int32), step, alg="philox")
        views = self.augmenter(images, seed=seed, first_row=distribute.share(tf.shape(images)[0]).first_row)
        return super().train_step((views, labels))

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> tf.Tensor:
        """Return the objective plus the losses that layers add, such as regularizers.

        Keras sums the gradients of the replicas, so each replica returns its share of the mean over the global batch.
        """
        added = [tf.cast(loss, tf.float32) for loss in self.losses]
        weight = distribute.share(tf.shape(y_pred)[0]).weight
        return tf.add_n([self.objective(x, y, y_pred), *added]) * weight
