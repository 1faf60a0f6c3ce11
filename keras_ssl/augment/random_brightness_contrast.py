import keras
import tensorflow as tf

from keras_ssl.augment.image_mean import image_mean
from keras_ssl.augment.random_image_layer import RandomImageLayer, around_one, between
from keras_ssl.checks.arguments import check_not_negative, check_probability


@keras.saving.register_keras_serializable("keras_ssl")
class RandomBrightnessContrast(RandomImageLayer):
    """Changes brightness and contrast of images with any number of channels.

    With probability `probability` both factors are drawn, uniformly and independently: `b` from
    `[max(0, 1 - brightness), 1 + brightness]`, `c` from `[max(0, 1 - contrast), 1 + contrast]`. A pixel `x` becomes
    `b * x`, then `mean + c * (x - mean)`, where `mean` is the mean of all pixels of the image. Both results are
    clipped to `[0, 255]`. For RGB images `RandomColorJitter` does this together with saturation and hue.

    Args:
        brightness: Float >= 0. Largest change of the brightness factor. Defaults to `0.4`.
        contrast: Float >= 0. Largest change of the contrast factor. Defaults to `0.4`.
        probability: Float in `[0, 1]`. Probability of a change. Defaults to `0.8`.
        seed: Integer or `None`. Seed outside of a seed scope. Defaults to `None`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Input shape: `(batch, height, width, channels)`, raw pixels in `[0, 255]`.

    Output shape: as the input, float32.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> layer = keras_ssl.augment.RandomBrightnessContrast(brightness=0.2)
    >>> layer(np.zeros((8, 28, 28, 1), "uint8")).shape
    TensorShape([8, 28, 28, 1])
    """

    # Whether to change anything, and the two factors.
    draws_per_image = 3

    def __init__(
        self,
        brightness: float = 0.4,
        contrast: float = 0.4,
        probability: float = 0.8,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(seed=seed, **kwargs)
        self.brightness = check_not_negative("brightness", brightness)
        self.contrast = check_not_negative("contrast", contrast)
        self.probability = check_probability("probability", probability)

    def parameters(self, uniform: tf.Tensor, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return the factors, each of shape `(batch,)`."""
        coin, brightness, contrast = tf.unstack(uniform, axis=1)
        changed = coin < self.probability
        return {
            "brightness": tf.where(changed, between(around_one(self.brightness), brightness), 1.0),
            "contrast": tf.where(changed, between(around_one(self.contrast), contrast), 1.0),
        }

    def augment_images(self, images: tf.Tensor, transformations: dict[str, tf.Tensor], **kwargs) -> tf.Tensor:
        """Change brightness and contrast of the batch."""
        brightness, contrast = (
            transformations[name][:, tf.newaxis, tf.newaxis, tf.newaxis] for name in ("brightness", "contrast")
        )
        images = tf.clip_by_value(brightness * images, 0.0, 255.0)
        channels = images.shape[-1]
        mean = image_mean(images, [1.0 / channels] * channels)[:, tf.newaxis, tf.newaxis, tf.newaxis]
        return tf.clip_by_value(mean + contrast * (images - mean), 0.0, 255.0)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "brightness": self.brightness,
            "contrast": self.contrast,
            "probability": self.probability,
        }
