from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_ssl.augment.random_image_layer import RandomImageLayer


@keras.saving.register_keras_serializable("keras_ssl")
class RandomMasking(RandomImageLayer):
    """Masks a random share of the pixels, with all their channels.

    The masking noise of Vincent et al. 2008, "Extracting and Composing Robust Features with Denoising Autoencoders"
    (https://doi.org/10.1145/1390156.1390294), section 2.3.

    Args:
        rate: Float in `[0, 1]`. Share of the pixels to mask. Defaults to `0.25`, the paper's middle choice.
        value: Float in `[0, 255]`. Value of the masked pixels. Defaults to `0.0`.
        seed: Integer or `None`. Seed outside of a seed scope. Defaults to `None`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> layer = keras_ssl.augment.RandomMasking(0.5)
    >>> masked = layer(np.full((2, 8, 8, 1), 127.0))
    """

    def __init__(self, rate: float = 0.25, value: float = 0.0, seed: int | None = None, **kwargs):
        super().__init__(seed=seed, **kwargs)
        if not 0 <= rate <= 1:
            raise ValueError(f"rate must be in [0, 1]. Received: rate={rate}")
        if not 0 <= value <= 255:
            raise ValueError(f"value must be in [0, 255]. Received: value={value}")
        self.rate = float(rate)
        self.value = float(value)

    def get_random_transformation_batch(self, batch_size: Any, images: tf.Tensor = None, **kwargs) -> tf.Tensor:
        """Draw which pixels of a batch to mask, a boolean for each."""
        uniform = self.draws().uniform(batch_size, int(np.prod(images.shape[1:3])))
        return tf.reshape(uniform, (-1, *images.shape[1:3], 1)) < self.rate

    def augment_images(self, images: tf.Tensor, transformations: tf.Tensor, **kwargs) -> tf.Tensor:
        """Set the masked pixels to `value`."""
        return tf.where(transformations, self.value, images)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {**super().get_config(), "rate": self.rate, "value": self.value}
