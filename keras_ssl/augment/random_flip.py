import keras
import tensorflow as tf

from keras_ssl.augment.random_image_layer import RandomImageLayer
from keras_ssl.checks.arguments import check_probability


@keras.saving.register_keras_serializable("keras_ssl")
class RandomFlip(RandomImageLayer):
    """Flips each image horizontally and vertically at random.

    `RandomResizedCrop` includes a horizontal flip.

    Args:
        horizontal: Float in `[0, 1]`. Probability of a horizontal flip. Defaults to `0.5`.
        vertical: Float in `[0, 1]`. Probability of a vertical flip, independent of the other. Defaults to `0.0`.
        seed: Integer or `None`. Seed outside of a seed scope. Defaults to `None`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Input shape: `(batch, height, width, channels)`, any number of channels.

    Output shape: as the input, float32.

    Raises:
        ValueError: If a probability is not in `[0, 1]`.

    Example:

    >>> layer = keras_ssl.augment.RandomFlip(vertical=0.5)
    >>> layer(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    draws_per_image = 2

    def __init__(self, horizontal: float = 0.5, vertical: float = 0.0, seed: int | None = None, **kwargs):
        super().__init__(seed=seed, **kwargs)
        self.horizontal = check_probability("horizontal", horizontal)
        self.vertical = check_probability("vertical", vertical)

    def parameters(self, uniform: tf.Tensor, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return which images to flip in each direction, each of shape `(batch,)`."""
        horizontal, vertical = tf.unstack(uniform, axis=1)
        return {"horizontal": horizontal < self.horizontal, "vertical": vertical < self.vertical}

    def augment_images(self, images: tf.Tensor, transformations: dict[str, tf.Tensor], **kwargs) -> tf.Tensor:
        """Flip the batch."""
        for direction, axis in (("horizontal", 2), ("vertical", 1)):
            turned = transformations[direction][:, tf.newaxis, tf.newaxis, tf.newaxis]
            images = tf.where(turned, tf.reverse(images, axis=[axis]), images)
        return images

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {**super().get_config(), "horizontal": self.horizontal, "vertical": self.vertical}
