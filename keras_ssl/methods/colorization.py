from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_ssl.augment import Augmenter
from keras_ssl.methods.task_method import TaskMethod
from keras_ssl.tasks import Colors, colorize, to_gray


@keras.saving.register_keras_serializable("keras_ssl")
class Colorization(TaskMethod):
    """Predicts the colors of a gray image, which requires knowing what is in it: the sky is blue, grass is green.

    Zhang et al. 2016, "Colorful Image Colorization" (https://arxiv.org/abs/1603.08511), section 2.1: the encoder E
    sees the luma y of an image, and a decoder D predicts its two chroma channels u from the features (equation 1):

        L = E ‖ u(x) − D(E(y(x))) ‖²

    The loss is computed by `keras_ssl.tasks.Colors`. The paper goes further. This error is smallest at the mean of
    all possible colors of an object, which is close to gray. So the paper classifies each pixel into 313 bins of
    color, with more weight on the rare ones, which gives brighter pictures. Both losses need the same knowledge of
    the image, and this one is simpler. The color space is Y, Cb and Cr instead of CIE Lab. They differ little for
    this purpose, and YCbCr is a linear map of the pixels. The decoder starts from the encoder's features, not from
    its feature map.

    The encoder gets the luma in all three channels, so it can take color images afterwards. But it was trained on
    gray images only: features of gray images are closer to what it knows.

    Logged beside the loss: `gray_error`, the loss of a prediction without any color.

    Args:
        encoder: A built `keras.Model` from RGB images `(batch, height, width, 3)`, raw pixels in [0, 255], to
            features `(batch, features)`.
        decoder: A `keras.Model` from features to chroma `(batch, height, width, 2)`, in [-1, 1], float32. Defaults to
            `heads.mirror(encoder, channels=2)`.
        augmenter: A `keras_ssl.augment.Augmenter` that leaves the colors as they are, such as `augment.crops`.
            Defaults to `None`: the images as they are.
        seed: Integer. With the step it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If the encoder's images are not RGB, the decoder does not fit, or none is given and the encoder
            has no mirror.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> model = keras_ssl.Colorization(keras_ssl.backbones.small_cnn((32, 32, 3)))
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    >>> model.reconstruct(images).shape
    (64, 32, 32, 3)
    """

    logged = ("gray_error",)

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model | None = None,
        augmenter: Augmenter | None = None,
        *,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(encoder, Colors(decoder), augmenter, seed=seed, **kwargs)

    @property
    def decoder(self) -> keras.Model:
        """The network from features to chroma."""
        return self.task.decoder

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Section 2.1 of the paper; `tasks.Colors` predicts the chroma from the luma."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def reconstruct(self, images: np.ndarray, batch_size: int = 256) -> np.ndarray:
        """Colors images.

        Args:
            images: Array of shape `(n, height, width, 3)`, uint8 or float, raw pixels in [0, 255]. Their own colors
                are not used.
            batch_size: Positive integer. Images at a time. Defaults to `256`.

        Returns:
            Float32 array of the same shape, raw pixels in [0, 255].

        Raises:
            ValueError: If the images are not of the encoder's shape, or there are none.
        """

        def of_batch(batch):
            return colorize(batch, self.task.predict_chroma(self.encoder, to_gray(batch), training=False))

        return self.map_images(of_batch, images, batch_size)
