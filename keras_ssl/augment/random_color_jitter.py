import keras
import tensorflow as tf

from keras_ssl.augment.jitter_colors import jitter_colors
from keras_ssl.augment.random_image_layer import RandomColorLayer, around_one, between
from keras_ssl.checks.arguments import check_not_negative, check_probability


@keras.saving.register_keras_serializable("keras_ssl")
class RandomColorJitter(RandomColorLayer):
    """Changes brightness, contrast, saturation and hue of each image at random, or makes it gray.

    With probability `probability` the four factors are drawn, each uniformly and independently: brightness from
    `[max(0, 1 - brightness), 1 + brightness]`, contrast and saturation likewise, the hue shift from
    `[-hue, hue]`, where 1 is the full circle. Independently, with `gray_probability`, the image becomes gray. See
    `keras_ssl.augment.jitter_colors` for the formulas.

    The order is fixed: brightness, contrast, saturation, hue, gray. The paper's code draws an order for each image.
    The four changes commute, except for clipping and the change of luma by saturation and hue in HSV: brightness
    scales, contrast is the same affine map of each channel around a mean that scales too, and neither changes the
    hue. A fixed order allows a single pass over the pixels.

    Args:
        brightness: Float >= 0. Largest change of the factor. Defaults to `0.4`, the paper's `0.8 * strength` at
            `strength=0.5`.
        contrast: Float >= 0. Largest change of the factor. Defaults to `0.4`.
        saturation: Float >= 0. Largest change of the factor. Defaults to `0.4`.
        hue: Float in `[0, 0.5]`. Largest hue shift. Defaults to `0.1`, the paper's `0.2 * strength`.
        probability: Float in `[0, 1]`. Probability of a jitter. Defaults to the paper's `0.8`.
        gray_probability: Float in `[0, 1]`. Probability of a gray image. Defaults to the paper's `0.2`.
        seed: Integer or `None`. Seed outside of a seed scope. Defaults to `None`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Input shape: `(batch, height, width, 3)`, raw pixels in `[0, 255]`. Images with another number of channels pass
    through unchanged, with one warning.

    Output shape: as the input, float32.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> layer = keras_ssl.augment.RandomColorJitter(hue=0.2)
    >>> layer(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])

    Reference: [Chen et al., 2020](https://arxiv.org/abs/2002.05709), appendix A.
    """

    # Whether to jitter, the three factors and the hue shift, whether to convert to gray.
    draws_per_image = 6

    def __init__(
        self,
        brightness: float = 0.4,
        contrast: float = 0.4,
        saturation: float = 0.4,
        hue: float = 0.1,
        probability: float = 0.8,
        gray_probability: float = 0.2,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(seed=seed, **kwargs)
        self.brightness = check_not_negative("brightness", brightness)
        self.contrast = check_not_negative("contrast", contrast)
        self.saturation = check_not_negative("saturation", saturation)
        if not 0 <= hue <= 0.5:
            raise ValueError(f"`hue` must be in [0, 0.5], where 1 is the full circle. Received: hue={hue}")
        self.hue = float(hue)
        self.probability = check_probability("probability", probability)
        self.gray_probability = check_probability("gray_probability", gray_probability)

    def parameters(self, uniform: tf.Tensor, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return the factors, the hue shift, and which images become gray, each of shape `(batch,)`."""
        coin, brightness, contrast, saturation, hue, gray = tf.unstack(uniform, axis=1)
        jittered = coin < self.probability

        def factor(strength, drawn):
            return tf.where(jittered, between(around_one(strength), drawn), 1.0)

        return {
            "brightness": factor(self.brightness, brightness),
            "contrast": factor(self.contrast, contrast),
            "saturation": factor(self.saturation, saturation),
            "hue": tf.where(jittered, between((-self.hue, self.hue), hue), 0.0),
            "gray": gray < self.gray_probability,
        }

    def augment_images(self, images: tf.Tensor, transformations: dict[str, tf.Tensor], **kwargs) -> tf.Tensor:
        """Jitter the colors of the batch."""
        return jitter_colors(images, **transformations)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "brightness": self.brightness,
            "contrast": self.contrast,
            "saturation": self.saturation,
            "hue": self.hue,
            "probability": self.probability,
            "gray_probability": self.gray_probability,
        }
