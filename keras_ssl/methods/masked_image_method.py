import tensorflow as tf

from keras_ssl.methods.base import SelfSupervisedModel


class MaskedImageMethod(SelfSupervisedModel):
    """What the methods share that hide parts of an image and learn to fill them in: they can show it.

    A method says in `fill_in` how; arguments as for `SelfSupervisedModel`.
    """

    def fill_in(self, pixels, draws, predict):
        """Hides the parts of images that `draws` chooses, and fills them in.

        Args:
            pixels: (batch, height, width, channels) float32, raw pixels.
            draws: `keras_ssl.augment.Draws`, on which alone it depends what is hidden.
            predict: bool, whether to fill in the model's prediction, or gray.

        Returns:
            Float32 tensor (batch, height, width, channels), raw pixels.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement fill_in(pixels, draws, predict).")

    def reconstruct(self, images, seed=0, batch_size=256):
        """The images with their masked parts as the model predicts them, and the others as they are.

        Args:
            images: array (n, height, width, channels), uint8 or float, raw pixels in [0, 255].
            seed: int, which masks; the same for the same seed, in `mask_images` too. Those of 0 are evaluate()'s.
            batch_size: positive int. The masks repeat from batch to batch.

        Returns:
            Float32 NumPy array of the same shape, raw pixels in [0, 255].

        Raises:
            ValueError: for images that are not of the encoder's shape, or none.
        """
        return self._fill_in(images, seed, batch_size, predict=True)

    def mask_images(self, images, seed=0, batch_size=256):
        """The images with their masked parts in gray, masked as `reconstruct` masks them.

        Args:
            images: array (n, height, width, channels), uint8 or float, raw pixels in [0, 255].
            seed: int, as for `reconstruct`.
            batch_size: positive int, as for `reconstruct`.

        Returns:
            Float32 NumPy array of the same shape, raw pixels in [0, 255].

        Raises:
            ValueError: for images that are not of the encoder's shape, or none.
        """
        return self._fill_in(images, seed, batch_size, predict=False)

    def _fill_in(self, images, seed, batch_size, predict):
        def of_batch(batch):
            filled = self.fill_in(tf.cast(batch, tf.float32), self.draws(seed, training=False), predict)
            return tf.clip_by_value(filled, 0.0, 255.0)

        return self.map_images(of_batch, images, batch_size)


def masked_count(mask_ratio, places):
    """How many of the `places` of an image are masked: the ratio's share of them, rounded.

    Raises:
        ValueError: when `mask_ratio` is not in (0, 1), or nothing would be visible or masked.
    """
    if not 0 < mask_ratio < 1:
        raise ValueError(
            "mask_ratio is the share of the image that is masked, above 0 and below 1. "
            f"Received: mask_ratio={mask_ratio}"
        )
    count = round(mask_ratio * places)
    if not 0 < count < places:
        raise ValueError(
            f"Of {places} patches an image, this ratio masks {count}, and some must be masked and some visible: take "
            f"another ratio or smaller patches. Received: mask_ratio={mask_ratio}"
        )
    return count
