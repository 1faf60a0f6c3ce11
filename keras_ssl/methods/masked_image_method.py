import numpy as np
import tensorflow as tf

from keras_ssl.augment import Draws
from keras_ssl.methods.base import SelfSupervisedModel


class MaskedImageMethod(SelfSupervisedModel):
    """Base class of methods that mask parts of an image and learn to predict them.

    A method implements `fill_in`. Arguments as for `SelfSupervisedModel`.
    """

    def fill_in(self, pixels: tf.Tensor, draws: Draws, predict: bool) -> tf.Tensor:
        """Masks random parts of images, and fills them in.

        Args:
            pixels: Float32 tensor of shape `(batch, height, width, channels)`, raw pixels.
            draws: `keras_ssl.augment.Draws`. They alone determine the masks.
            predict: Boolean. Whether to fill in the model's prediction instead of gray.

        Returns:
            Float32 tensor `(batch, height, width, channels)`, raw pixels.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement fill_in(pixels, draws, predict).")

    def reconstruct(self, images: np.ndarray, seed: int = 0, batch_size: int = 256) -> np.ndarray:
        """Masks images, and fills in the model's prediction. The visible pixels stay as they are.

        Args:
            images: Array of shape `(n, height, width, channels)`, uint8 or float, raw pixels in [0, 255].
            seed: Integer. The same seed gives the same masks, in `mask_images`, too. Defaults to `0`, the masks of
                `evaluate`.
            batch_size: Positive integer. Images at a time, with the same masks in each batch. Defaults to `256`.

        Returns:
            Float32 NumPy array of the same shape, raw pixels in [0, 255].

        Raises:
            ValueError: If the images are not of the encoder's shape, or there are none.
        """
        return self._fill_in(images, seed, batch_size, predict=True)

    def mask_images(self, images: np.ndarray, seed: int = 0, batch_size: int = 256) -> np.ndarray:
        """Masks images as `reconstruct` does, and leaves the masked parts gray.

        Args:
            images: Array of shape `(n, height, width, channels)`, uint8 or float, raw pixels in [0, 255].
            seed: Integer. As for `reconstruct`.
            batch_size: Positive integer. As for `reconstruct`.

        Returns:
            Float32 NumPy array of the same shape, raw pixels in [0, 255].

        Raises:
            ValueError: If the images are not of the encoder's shape, or there are none.
        """
        return self._fill_in(images, seed, batch_size, predict=False)

    def _fill_in(self, images, seed, batch_size, predict):
        def of_batch(batch):
            filled = self.fill_in(tf.cast(batch, tf.float32), self.draws(seed, training=False), predict)
            return tf.clip_by_value(filled, 0.0, 255.0)

        return self.map_images(of_batch, images, batch_size)


def masked_count(mask_ratio: float, places: int) -> int:
    """The number of masked patches of an image: `mask_ratio` of all `places`, rounded.

    Raises:
        ValueError: If `mask_ratio` is not in (0, 1), or nothing would be visible or masked.
    """
    if not 0 < mask_ratio < 1:
        raise ValueError(
            "mask_ratio, the share of the image that is masked, must be above 0 and below 1. "
            f"Received: mask_ratio={mask_ratio}"
        )
    count = round(mask_ratio * places)
    if not 0 < count < places:
        raise ValueError(
            f"Of {places} patches in an image, this ratio masks {count}, but some must be masked and some visible. "
            f"Use another ratio or smaller patches. Received: mask_ratio={mask_ratio}"
        )
    return count
