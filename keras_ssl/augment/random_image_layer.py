import warnings

import keras
import keras_cv
import tensorflow as tf

from keras_ssl.augment.seeds import Draws, current_draws


def between(interval, uniform):
    """Map numbers in `[0, 1)` to the interval `(low, high)`."""
    return interval[0] + (interval[1] - interval[0]) * uniform


def around_one(strength):
    """Return the interval of factors for a jitter of the given strength, cut off at 0."""
    return max(0.0, 1.0 - strength), 1.0 + strength


class RandomImageLayer(keras_cv.layers.VectorizedBaseImageAugmentationLayer):
    """Base class of random image layers: batched, reproducible, in float32.

    A subclass defines how many uniform numbers each image needs (`draws_per_image`), maps them to the parameters of
    its transformation (`parameters`), and applies these to the whole batch (`augment_images`). Inside a seed scope
    the same seed gives the same views; outside, the layer draws from its own generator.

    Args:
        seed: Integer or `None`. Seed of the layer's own generator. Defaults to `None`.
        **kwargs: Arguments of `keras.layers.Layer`.
    """

    draws_per_image = 1

    def __init__(self, seed: int | None = None, **kwargs):
        # A mixed policy would round pixels to bfloat16, which has a precision of 8 bits.
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def parameters(self, uniform, images):
        """Turn uniform numbers into the parameters of the transformation.

        Args:
            uniform: Float32 tensor of shape `(batch, draws_per_image)`, in `[0, 1)`.
            images: Float32 tensor of shape `(batch, height, width, channels)`.

        Returns:
            Whatever `augment_images` takes as its transformations.
        """
        raise NotImplementedError

    def get_random_transformation_batch(self, batch_size, images=None, **kwargs):
        """Draw the parameters for a batch, one row per image."""
        return self.parameters(self.draws().uniform(batch_size, self.draws_per_image), images)

    def draws(self):
        """Random numbers of the seed scope, or of the layer's own generator outside of any."""
        return current_draws() or Draws(tf.cast(self.seed_generator.next(), tf.int32))

    def augment_labels(self, labels, transformations, **kwargs):
        """Return the labels as they are: what an image shows does not depend on its view."""
        return labels

    def get_config(self):
        """Return the arguments that make an equal layer."""
        return {**super().get_config(), "seed": self.seed}


class RandomColorLayer(RandomImageLayer):
    """Base class of random layers for RGB images; others pass unchanged, with one warning."""

    def call(self, inputs):
        """Augment RGB images; return any others unchanged."""
        images = inputs["images"] if isinstance(inputs, dict) else inputs
        channels = images.shape[-1]
        if channels == 3:
            return super().call(inputs)
        if not getattr(self, "_said_so", False):
            self._said_so = True
            warnings.warn(
                f"{type(self).__name__} changes colors, so it passes images with {channels} channel(s) through "
                "unchanged. For gray images see `keras_ssl.augment.grayscale`.",
                stacklevel=2,
            )
        return self._ensure_inputs_are_compute_dtype(inputs)
