import keras
import tensorflow as tf


class SharedPasses:
    """An encoder that encodes the same images only once in a step, however many tasks need their features.

    Tasks that take the images as they are share one pass, because they all get the same tensor. Views, rotated images
    and tiles are other tensors and have passes of their own. One pass over all of them, as one batch, would mix their
    statistics in batch normalization.

    Args:
        encoder: A `keras.Model` from images to features.
        with_feature_map: A `keras.Model` from images to the features and the last feature map, as
            `backbones.feature_map.with_feature_map` returns it. Defaults to `None`, for tasks that do not read the
            map.
    """

    def __init__(self, encoder: keras.Model, with_feature_map: keras.Model | None = None):
        self._encoder = encoder
        self._with_feature_map = with_feature_map
        self._passes = {}

    def __call__(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """The features of `images`, of shape `(batch, features)`."""
        return self._once(images, training)[0]

    def feature_map(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """The last feature map of `images`, of shape `(batch, height, width, channels)`."""
        return self._once(images, training)[1]

    def _once(self, images, training):
        if images.ref() not in self._passes:
            self._passes[images.ref()] = (
                (self._encoder(images, training=training),)
                if self._with_feature_map is None
                else self._with_feature_map(images, training=training)
            )
        return self._passes[images.ref()]
