import keras
import tensorflow as tf

from keras_ssl.augment.draw_boxes import ATTEMPTS, draw_boxes
from keras_ssl.augment.random_image_layer import RandomImageLayer
from keras_ssl.checks.arguments import check_box, check_probability


@keras.saving.register_keras_serializable("keras_ssl")
class RandomErasing(RandomImageLayer):
    """Fills a random box in some images.

    A box that does not fit is drawn again, up to ten times; after that the image stays unchanged. Pixels whose
    center lies in the box are filled.

    Args:
        probability: Float in `[0, 1]`. Probability of erasing. Defaults to the paper's `0.5`.
        scale: Pair of floats in `[0, 1]`. Interval of the box's share of the area. Defaults to torchvision's
            `(0.02, 0.33)`; the paper's ends at 0.4.
        ratio: Pair of positive floats. Interval of the box's width / height. Defaults to the paper's
            `(0.3, 1 / 0.3)`.
        value: Float in `[0, 255]` or `"mean"`. Value of the filled pixels; `"mean"` is the mean of the image in each
            channel. Defaults to `"mean"`.
        seed: Integer or `None`. Seed outside of a seed scope. Defaults to `None`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Input shape: `(batch, height, width, channels)`, any number of channels.

    Output shape: as the input, float32.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> layer = keras_ssl.augment.RandomErasing(value=0.0)
    >>> layer(np.full((8, 32, 32, 3), 255, "uint8")).shape
    TensorShape([8, 32, 32, 3])

    Reference: [Zhong et al., 2017](https://arxiv.org/abs/1708.04896), section 4.1.
    """

    # The box, and whether to erase it.
    draws_per_image = 2 * ATTEMPTS + 3

    def __init__(
        self,
        probability: float = 0.5,
        scale: tuple[float, float] = (0.02, 0.33),
        ratio: tuple[float, float] = (0.3, 1 / 0.3),
        value: float | str = "mean",
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(seed=seed, **kwargs)
        self.probability = check_probability("probability", probability)
        self.scale, self.ratio = check_box(scale, ratio)
        if value != "mean" and (isinstance(value, str) or not 0 <= value <= 255):
            raise ValueError(f"`value` must be 'mean' or a number between 0 and 255. Received: value={value!r}")
        self.value = value

    def parameters(self, uniform: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
        """Return the boxes, `(batch, 4)` as top, left, height and width; empty where the image is unchanged."""
        uniform, coin = uniform[:, :-1], uniform[:, -1]
        boxes, fits = draw_boxes(uniform, tf.cast(tf.shape(images)[1:3], tf.float32), self.scale, self.ratio)
        return tf.where((fits & (coin < self.probability))[:, tf.newaxis], boxes, 0.0)

    def augment_images(self, images: tf.Tensor, transformations: tf.Tensor, **kwargs) -> tf.Tensor:
        """Fill the boxes."""
        top, left, height, width = tf.unstack(transformations[:, :, tf.newaxis], axis=1)
        rows = tf.cast(tf.range(tf.shape(images)[1]), tf.float32) + 0.5
        columns = tf.cast(tf.range(tf.shape(images)[2]), tf.float32) + 0.5
        down = (top <= rows) & (rows < top + height)
        across = (left <= columns) & (columns < left + width)
        inside = (down[:, :, tf.newaxis] & across[:, tf.newaxis, :])[..., tf.newaxis]
        mean = tf.reduce_mean(images, axis=(1, 2), keepdims=True)
        return tf.where(inside, mean if self.value == "mean" else float(self.value), images)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "probability": self.probability,
            "scale": self.scale,
            "ratio": self.ratio,
            "value": self.value,
        }
