import functools

import tensorflow as tf

from keras_ssl import augment
from keras_ssl.backbones import at_size


class MultiCropMixin:
    """For methods that learn from a few large views of an image and several small ones: goes before the base class.

    The augmenter is an `augment.MultiCrop`, or an `Augmenter` for two large views and no small ones.
    """

    def augment(self, images, training=True):
        """Large views and small views, each view after view; None in place of the small ones where there are none."""
        if isinstance(self.augmenter, augment.MultiCrop):
            return self.draw_view(self.augmenter, images, 0, training)
        return super().augment(images, training), None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # A function, so that Keras does not count and save the encoder's layers twice.
        self._at_size = functools.cache(at_size)

    @property
    def large_views(self):
        """How many large views there are of an image."""
        return self.augmenter.global_crops if isinstance(self.augmenter, augment.MultiCrop) else self.views

    @property
    def small_views(self):
        """How many small views there are of an image."""
        return self.augmenter.local_crops if isinstance(self.augmenter, augment.MultiCrop) else 0

    def embed_crops(self, large, small, training):
        """The projections of all views, one tensor (batch, dim) a view, the large ones first.

        Views of one size go through the encoder in one batch, with batch statistics of their own.
        """
        features = [self.encoder(large, training=training)]
        if small is not None:
            features.append(self._at_size(self.encoder, tuple(small.shape[1:3]))(small, training=training))
        projections = self.projector(tf.concat(features, axis=0), training=training)
        return tf.split(projections, self.large_views + self.small_views)
