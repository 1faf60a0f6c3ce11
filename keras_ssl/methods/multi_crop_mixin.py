import functools

import tensorflow as tf

from keras_ssl import augment
from keras_ssl.backbones import at_size


class MultiCropMixin:
    """Adds small views of an image to the large ones; goes before the base class.

    The augmenter is an `augment.MultiCrop`, or an `Augmenter` for two large views and no small ones.
    """

    def augment(self, images: tf.Tensor, training: bool = True) -> tuple[tf.Tensor, tf.Tensor | None]:
        """Large views and small views, each view after view; None instead of small views if there are none."""
        if isinstance(self.augmenter, augment.MultiCrop):
            return self.draw_view(self.augmenter, images, 0, training)
        return super().augment(images, training), None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # A function, so that Keras does not count and save the encoder's layers twice.
        self._at_size = functools.cache(at_size)

    @property
    def large_views(self) -> int:
        """The number of large views of an image."""
        return self.augmenter.global_crops if isinstance(self.augmenter, augment.MultiCrop) else self.views

    @property
    def small_views(self) -> int:
        """The number of small views of an image."""
        return self.augmenter.local_crops if isinstance(self.augmenter, augment.MultiCrop) else 0

    def embed_crops(self, large: tf.Tensor, small: tf.Tensor | None, training: bool) -> list[tf.Tensor]:
        """The projections of all views, a tensor of shape `(batch, dim)` for each, the large ones first.

        Views of the same size go through the encoder in one batch, with their own batch statistics.
        """
        features = [self.encoder(large, training=training)]
        if small is not None:
            features.append(self._at_size(self.encoder, tuple(small.shape[1:3]))(small, training=training))
        projections = self.projector(tf.concat(features, axis=0), training=training)
        return tf.split(projections, self.large_views + self.small_views)
