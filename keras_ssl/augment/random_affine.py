import math

import keras
import tensorflow as tf

from keras_ssl.augment.random_image_layer import RandomImageLayer, between
from keras_ssl.checks.arguments import check_not_negative


def rotate_and_shift(images: tf.Tensor, angle: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
    """Rotate each image around its center, then shift it; uncovered pixels are black.

    The output at `p` is the bilinear sample of the input at `R^-1 (p - center - shift) + center`, where `R` is the
    rotation by `angle`.

    Args:
        images: Float tensor of shape `(batch, height, width, channels)`.
        angle: Float tensor of shape `(batch,)`. Counter-clockwise, in radians.
        shift: Float tensor of shape `(batch, 2)`. Down and to the right, in pixels.

    Returns:
        Float tensor of shape `(batch, height, width, channels)`.
    """
    shape = tf.shape(images)
    height, width = shape[1], shape[2]
    center_row, center_column = tf.cast(height - 1, tf.float32) / 2.0, tf.cast(width - 1, tf.float32) / 2.0
    down, right = (shift[:, axis, tf.newaxis, tf.newaxis] for axis in (0, 1))
    row = tf.range(tf.cast(height, tf.float32))[:, tf.newaxis] - center_row - down
    column = tf.range(tf.cast(width, tf.float32)) - center_column - right
    cos, sin = tf.cos(angle)[:, tf.newaxis, tf.newaxis], tf.sin(angle)[:, tf.newaxis, tf.newaxis]
    # Rows count downwards, so this is the inverse of a counter-clockwise rotation.
    source_row = cos * row + sin * column + center_row
    source_column = cos * column - sin * row + center_column

    pixels = tf.reshape(images, (shape[0], height * width, images.shape[-1]))
    result = 0.0
    for r in (tf.floor(source_row), tf.floor(source_row) + 1.0):
        for c in (tf.floor(source_column), tf.floor(source_column) + 1.0):
            weight = tf.nn.relu(1.0 - tf.abs(source_row - r)) * tf.nn.relu(1.0 - tf.abs(source_column - c))
            r_index, c_index = tf.cast(r, tf.int32), tf.cast(c, tf.int32)
            inside = (r_index >= 0) & (r_index < height) & (c_index >= 0) & (c_index < width)
            index = tf.where(inside, r_index * width + c_index, 0)
            values = tf.gather(pixels, tf.reshape(index, (shape[0], height * width)), axis=1, batch_dims=1)
            result += tf.reshape(values, shape) * tf.where(inside, weight, 0.0)[..., tf.newaxis]
    return tf.ensure_shape(result, images.shape)


@keras.saving.register_keras_serializable("keras_ssl")
class RandomAffine(RandomImageLayer):
    """Rotates each image around its center and shifts it, by uniform random amounts.

    Uncovered pixels are black, the background of digits and X-rays.

    Args:
        rotation: Float in `[0, 180]`. Largest angle in degrees, in both directions. Defaults to `15.0`.
        translation: Float in `[0, 1]`. Largest shift, as a share of the height (vertical) or width (horizontal).
            Defaults to `0.1`.
        seed: Integer or `None`. Seed outside of a seed scope. Defaults to `None`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Input shape: `(batch, height, width, channels)`, any number of channels.

    Output shape: as the input, float32.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> layer = keras_ssl.augment.RandomAffine(rotation=10.0)
    >>> layer(np.zeros((8, 28, 28, 1), "uint8")).shape
    TensorShape([8, 28, 28, 1])
    """

    # The angle, the shift down, the shift to the right.
    draws_per_image = 3

    def __init__(self, rotation: float = 15.0, translation: float = 0.1, seed: int | None = None, **kwargs):
        super().__init__(seed=seed, **kwargs)
        self.rotation = check_not_negative("rotation", rotation)
        if self.rotation > 180:
            raise ValueError(f"`rotation` must be at most 180 degrees. Received: rotation={rotation}")
        self.translation = check_not_negative("translation", translation)
        if self.translation > 1:
            raise ValueError(
                f"`translation` must be at most 1, the image's side. Received: translation={translation}"
            )

    def parameters(self, uniform: tf.Tensor, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return the angles in radians, `(batch,)`, and the shifts down and right in pixels, `(batch, 2)`."""
        largest = math.radians(self.rotation)
        sides = tf.cast(tf.shape(images)[1:3], tf.float32)
        shift = between((-self.translation, self.translation), uniform[:, 1:]) * sides
        return {"angle": between((-largest, largest), uniform[:, 0]), "shift": shift}

    def augment_images(self, images: tf.Tensor, transformations: dict[str, tf.Tensor], **kwargs) -> tf.Tensor:
        """Rotate and shift the batch."""
        return rotate_and_shift(images, **transformations)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {**super().get_config(), "rotation": self.rotation, "translation": self.translation}
