import keras
import tensorflow as tf

from keras_ssl.augment.random_image_layer import RandomImageLayer, between
from keras_ssl.checks.arguments import check_interval, check_probability


@keras.saving.register_keras_serializable("keras_ssl")
class RandomSolarize(RandomImageLayer):
    """Inverts the bright pixels of some images: `x` becomes `255 - x` if it reaches a threshold.

    keras-cv's `Solarization` changes every image of a batch.

    Args:
        probability: Float in `[0, 1]`. Probability of a solarization. Defaults to `0.2`, as in BYOL for the second
            view.
        threshold: Pair of floats in `[0, 255]`. Interval of the threshold, which is uniform. Defaults to
            `(128, 128)`.
        seed: Integer or `None`. Seed outside of a seed scope. Defaults to `None`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Input shape: `(batch, height, width, channels)`, any number of channels.

    Output shape: as the input, float32.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> layer = keras_ssl.augment.RandomSolarize(probability=1.0)
    >>> layer(np.full((1, 1, 2, 1), [[[0], [200]]], "uint8")).numpy().ravel()
    array([ 0., 55.], dtype=float32)

    Reference: [Grill et al., 2020](https://arxiv.org/abs/2006.07733), appendix B.
    """

    # Whether to solarize, and the threshold.
    draws_per_image = 2

    def __init__(
        self,
        probability: float = 0.2,
        threshold: tuple[float, float] = (128.0, 128.0),
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(seed=seed, **kwargs)
        self.probability = check_probability("probability", probability)
        self.threshold = check_interval("threshold", threshold, 0, 255)

    def parameters(self, uniform: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
        """Return the thresholds, `(batch,)`; infinite for images that stay unchanged."""
        coin, threshold = tf.unstack(uniform, axis=1)
        return tf.where(coin < self.probability, between(self.threshold, threshold), float("inf"))

    def augment_images(self, images: tf.Tensor, transformations: tf.Tensor, **kwargs) -> tf.Tensor:
        """Solarize the batch."""
        threshold = transformations[:, tf.newaxis, tf.newaxis, tf.newaxis]
        return tf.where(images >= threshold, 255.0 - images, images)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {**super().get_config(), "probability": self.probability, "threshold": self.threshold}
