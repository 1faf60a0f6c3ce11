import warnings
from typing import Any

import keras
import keras_cv
import tensorflow as tf

from keras_ssl.augment.seeds import Draws, current_draws


def between(interval: tuple[Any, Any], uniform: tf.Tensor) -> tf.Tensor:
    """Map numbers in `[0, 1)` to the interval `(low, high)`."""
    return interval[0] + (interval[1] - interval[0]) * uniform


def around_one(strength: float) -> tuple[float, float]:
    """Return the interval of the factors for a jitter of the given strength; none is negative."""
    return max(0.0, 1.0 - strength), 1.0 + strength


class RandomImageLayer(keras_cv.layers.VectorizedBaseImageAugmentationLayer):
    """Base class of random image layers: batched, reproducible, in float32.

    A subclass defines how many uniform numbers each image needs (`draws_per_image`), maps them to the parameters of
    its transformation (`parameters`), and applies these to the whole batch (`augment_images`). Inside a seed scope
    the layer draws from it, so that the same seed gives the same views. Outside, it draws from its own generator.

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

    def parameters(self, uniform: tf.Tensor, images: tf.Tensor) -> Any:
        """Map uniform numbers to the parameters of the transformation.

        Args:
            uniform: Float32 tensor of shape `(batch, draws_per_image)`, in `[0, 1)`.
            images: Float32 tensor of shape `(batch, height, width, channels)`.

        Returns:
            The `transformations` of `augment_images`.
        """
        raise NotImplementedError

    def get_random_transformation_batch(self, batch_size: Any, images: tf.Tensor = None, **kwargs) -> Any:
        """Draw the parameters for a batch, one row for each image."""
        return self.parameters(self.draws().uniform(batch_size, self.draws_per_image), images)

    def draws(self) -> Draws:
        """Return the random numbers of the seed scope, or outside of one those of the layer's own generator."""
        return current_draws() or Draws(tf.cast(self.seed_generator.next(), tf.int32))

    def augment_labels(self, labels: Any, transformations: Any, **kwargs) -> Any:
        """Return the labels unchanged: a view has the label of its image."""
        return labels

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {**super().get_config(), "seed": self.seed}


class RandomColorLayer(RandomImageLayer):
    """Base class of random layers for RGB images; other images pass unchanged, with one warning."""

    def call(self, inputs: Any) -> Any:
        """Augment RGB images, and return other images unchanged."""
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
