from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_ssl.augment.random_image_layer import RandomImageLayer


@keras.saving.register_keras_serializable("keras_ssl")
class RandomNoise(RandomImageLayer):
    """Adds Gaussian noise to every pixel.

    The corruption of Vincent et al. 2010, "Stacked Denoising Autoencoders"
    (https://www.jmlr.org/papers/v11/vincent10a.html), section 3.3. Results are clipped to `[0, 255]`.

    Args:
        stddev: Float >= 0. Standard deviation in gray levels. Defaults to `38.0`, 0.15 of the range.
        seed: Integer or `None`. Seed outside of a seed scope. Defaults to `None`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Raises:
        ValueError: If `stddev` is negative.

    Example:

    >>> layer = keras_ssl.augment.RandomNoise(25)
    >>> noisy = layer(np.full((2, 8, 8, 1), 127.0))
    """

    def __init__(self, stddev: float = 38.0, seed: int | None = None, **kwargs):
        super().__init__(seed=seed, **kwargs)
        if stddev < 0:
            raise ValueError(f"stddev must not be negative. Received: stddev={stddev}")
        self.stddev = float(stddev)

    def get_random_transformation_batch(self, batch_size: Any, images: tf.Tensor = None, **kwargs) -> tf.Tensor:
        """Draw the noise of a batch, a number for each pixel and channel."""
        noise = self.draws().normal(batch_size, int(np.prod(images.shape[1:])))
        return self.stddev * tf.reshape(noise, tf.shape(images))

    def augment_images(self, images: tf.Tensor, transformations: tf.Tensor, **kwargs) -> tf.Tensor:
        """Add the noise."""
        return tf.clip_by_value(images + transformations, 0.0, 255.0)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {**super().get_config(), "stddev": self.stddev}
