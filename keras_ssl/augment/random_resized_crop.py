import keras
import tensorflow as tf

from keras_ssl.augment.crop_and_resize import crop_and_resize
from keras_ssl.augment.draw_boxes import ATTEMPTS, draw_boxes
from keras_ssl.augment.random_image_layer import RandomImageLayer
from keras_ssl.checks.arguments import check_box, check_image_size, check_probability


@keras.saving.register_keras_serializable("keras_ssl")
class RandomResizedCrop(RandomImageLayer):
    """Crops a random box out of each image, resizes it, and flips it horizontally half of the time.

    The box covers a share of the image's area drawn uniformly from `scale`, with an aspect ratio (width / height)
    drawn log-uniformly from `ratio`. A box that does not fit into the image is drawn again, up to ten times. After
    that the largest centered box within `ratio` is used, as in torchvision. Positions are real numbers, not integers.

    Sampling follows `tf.image.resize`: bilinear, pixels are unit squares with their center at 0.5, edges repeat.
    With `antialias` a box larger than the output is averaged over the width of an output pixel, as in Pillow. This
    costs nothing for images no larger than the output. Without it four neighbors are read, as in
    `tf.image.crop_and_resize`, which adds jagged edges and noise that the original does not have. See
    `keras_ssl.augment.crop_and_resize` for the formulas.

    Args:
        image_size: Integer or pair of integers `(height, width)`. Size of the output.
        scale: Pair of floats in `[0, 1]`. Interval of the box's share of the area. Defaults to the paper's
            `(0.08, 1.0)`.
        ratio: Pair of positive floats. Interval of the box's width / height. Defaults to the paper's
            `(3 / 4, 4 / 3)`.
        flip_probability: Float in `[0, 1]`. Probability of a horizontal flip. Defaults to `0.5`.
        antialias: Boolean. Whether to average boxes larger than the output. Defaults to `True`.
        seed: Integer or `None`. Seed outside of a seed scope. Defaults to `None`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Input shape: `(batch, height, width, channels)`, any number of channels.

    Output shape: `(batch, *image_size, channels)`, float32.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> layer = keras_ssl.augment.RandomResizedCrop(32, scale=(0.2, 1.0))
    >>> layer(np.zeros((8, 48, 64, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])

    Reference: [Chen et al., 2020](https://arxiv.org/abs/2002.05709), appendix A; the box is that of
    [Szegedy et al., 2014](https://arxiv.org/abs/1409.4842), section 6.
    """

    # Area and ratio of each attempt, two numbers for the position, and one for the flip.
    draws_per_image = 2 * ATTEMPTS + 3

    def __init__(
        self,
        image_size: int | tuple[int, int],
        scale: tuple[float, float] = (0.08, 1.0),
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
        flip_probability: float = 0.5,
        antialias: bool = True,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(seed=seed, **kwargs)
        self.image_size = check_image_size(image_size)
        self.scale, self.ratio = check_box(scale, ratio)
        self.flip_probability = check_probability("flip_probability", flip_probability)
        self.antialias = bool(antialias)

    def parameters(self, uniform: tf.Tensor, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return the boxes, `(batch, 4)` as top, left, height, width in pixels, and `mirror`, `(batch,)`."""
        uniform, coin = uniform[:, :-1], uniform[:, -1]
        boxes, _ = draw_boxes(uniform, tf.cast(tf.shape(images)[1:3], tf.float32), self.scale, self.ratio)
        return {"boxes": boxes, "mirror": coin < self.flip_probability}

    def augment_images(self, images: tf.Tensor, transformations: dict[str, tf.Tensor], **kwargs) -> tf.Tensor:
        """Crop, resize and flip the batch."""
        return crop_and_resize(images, image_size=self.image_size, antialias=self.antialias, **transformations)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "image_size": self.image_size,
            "scale": self.scale,
            "ratio": self.ratio,
            "flip_probability": self.flip_probability,
            "antialias": self.antialias,
        }
