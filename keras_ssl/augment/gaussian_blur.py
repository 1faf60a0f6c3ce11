import keras
import tensorflow as tf

from keras_ssl.augment.random_image_layer import RandomImageLayer, between
from keras_ssl.checks.arguments import check_interval, check_probability


def gaussian_blur(images: tf.Tensor, sigma: tf.Tensor, radius: int) -> tf.Tensor:
    """Blur each image with a Gaussian of its own width.

    The kernel is `exp(-t ** 2 / (2 * sigma ** 2))` at `t = -radius … radius`, normalized, and edges are
    reflected. It is separable: the blur runs along the height, then along the width.

    Args:
        images: Float tensor of shape `(batch, height, width, channels)`.
        sigma: Float tensor of shape `(batch,)`. Standard deviations in pixels, above 0.
        radius: Integer. Half the width of the kernel, less than height and width.

    Returns:
        Float tensor of shape `(batch, height, width, channels)`.
    """
    offsets = tf.range(-radius, radius + 1, dtype=tf.float32)
    kernel = tf.nn.softmax(-0.5 * tf.square(offsets / sigma[:, tf.newaxis]), axis=1)
    for axis in (1, 2):
        images = _mix_neighbors(images, kernel, radius, axis)
    return images


def _mix_neighbors(images, kernel, radius, axis):
    padded = tf.pad(images, [(radius, radius) if axis == other else (0, 0) for other in range(4)], "REFLECT")
    shape = tf.shape(images)
    # Flatten each image, or each row. Sums of lines shifted by whole pixels vectorize; loops over the channels of a
    # pixel do not.
    lines, pixel = (1, shape[2] * shape[3]) if axis == 1 else (shape[1], shape[3])
    padded = tf.reshape(padded, (shape[0], lines, -1))
    length = shape[axis] * pixel
    mixed = tf.add_n(
        [
            padded[:, :, tap * pixel : tap * pixel + length] * kernel[:, tap, tf.newaxis, tf.newaxis]
            for tap in range(2 * radius + 1)
        ]
    )
    return tf.ensure_shape(tf.reshape(mixed, shape), images.shape)


@keras.saving.register_keras_serializable("keras_ssl")
class GaussianBlur(RandomImageLayer):
    """Blurs each image, with a given probability, by a Gaussian of random width.

    Args:
        sigma: Pair of positive floats. Interval of the standard deviation in pixels, which is uniform. Defaults to
            the paper's `(0.1, 2.0)`.
        kernel_size: Odd integer or `None`. Width of the kernel in pixels. Defaults to a tenth of the image's shorter
            side, as in the paper, and at least 3.
        probability: Float in `[0, 1]`. Probability of a blur. Defaults to the paper's `0.5`.
        seed: Integer or `None`. Seed outside of a seed scope. Defaults to `None`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Input shape: `(batch, height, width, channels)`, any number of channels.

    Output shape: as the input, float32.

    Raises:
        ValueError: If an argument is out of its range, or half the kernel is wider than the image.

    Example:

    >>> layer = keras_ssl.augment.GaussianBlur()
    >>> layer(np.zeros((8, 96, 96, 3), "uint8")).shape
    TensorShape([8, 96, 96, 3])

    Reference: [Chen et al., 2020](https://arxiv.org/abs/2002.05709), appendix A.
    """

    # Whether to blur, and how much.
    draws_per_image = 2

    def __init__(
        self,
        sigma: tuple[float, float] = (0.1, 2.0),
        kernel_size: int | None = None,
        probability: float = 0.5,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(seed=seed, **kwargs)
        self.sigma = check_interval("sigma", sigma, 0)
        if self.sigma[0] == 0:
            raise ValueError(f"`sigma` must be above 0. Received: sigma={sigma}")
        if kernel_size is not None and (kernel_size < 1 or kernel_size % 2 == 0):
            raise ValueError(
                f"`kernel_size` must be an odd positive integer or None. Received: kernel_size={kernel_size}"
            )
        self.kernel_size = kernel_size
        self.probability = check_probability("probability", probability)

    def parameters(self, uniform: tf.Tensor, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return `sigma` and which images to blur, each of shape `(batch,)`."""
        coin, sigma = tf.unstack(uniform, axis=1)
        return {"sigma": between(self.sigma, sigma), "blurred": coin < self.probability}

    def augment_images(self, images: tf.Tensor, transformations: dict[str, tf.Tensor], **kwargs) -> tf.Tensor:
        """Blur the batch."""
        side = min(images.shape[1], images.shape[2])
        radius = max(1, side // 20) if self.kernel_size is None else self.kernel_size // 2
        if radius >= side:
            raise ValueError(
                f"A kernel of {2 * radius + 1} pixels is too wide for these images: half of it must be less than "
                f"their shorter side. Received: kernel_size={self.kernel_size}, images.shape={tuple(images.shape)}"
            )
        blurred = transformations["blurred"][:, tf.newaxis, tf.newaxis, tf.newaxis]
        return tf.where(blurred, gaussian_blur(images, transformations["sigma"], radius), images)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "sigma": self.sigma,
            "kernel_size": self.kernel_size,
            "probability": self.probability,
        }
