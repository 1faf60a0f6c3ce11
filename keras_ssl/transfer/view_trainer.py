import keras
import tensorflow as tf

from keras_ssl import distribute


class ViewTrainer(keras.Model):
    """Trains a network on one random view of each image, which is a function of (seed, step).

    Args:
        network: A `keras.Model` from images to logits.
        augmenter: A `keras_ssl.augment.Augmenter`.
        objective: Function from the views, their labels (None where there are none) and the logits to the loss, a
            scalar: a mean over the batch.
        seed: Int.
    """

    def __init__(self, network, augmenter, objective, seed):
        super().__init__()
        self.network = network
        self.augmenter = augmenter
        self.objective = objective
        self.seed = seed
        self.built = True

    def call(self, images, training=None):
        """The logits of `images`."""
        return self.network(images, training=training)

    def train_step(self, data):
        """Keras' step, on views."""
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        step = tf.cast(self.optimizer.iterations, tf.int32)
        seed = tf.random.fold_in(tf.constant([self.seed, 0], tf.int32), step, alg="philox")
        views = self.augmenter(images, seed=seed, first_row=distribute.share(tf.shape(images)[0]).first_row)
        return super().train_step((views, labels))

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The objective, and what layers add to it, such as regularizers.

        Keras adds the replicas' gradients up, so each gives its part of the batch's mean.
        """
        added = [tf.cast(loss, tf.float32) for loss in self.losses]
        weight = distribute.share(tf.shape(y_pred)[0]).weight
        return tf.add_n([self.objective(x, y, y_pred), *added]) * weight
