import math
from typing import Any

import keras
import tensorflow as tf

from keras_ssl.augment import Augmenter, Draws
from keras_ssl.backbones.feature_map import last_feature_map
from keras_ssl.checks.arguments import check_count
from keras_ssl.layers.transformer import from_patches
from keras_ssl.losses import masked_pixel_error
from keras_ssl.methods.masked_image_method import MaskedImageMethod, masked_count
from keras_ssl.tasks import blank


@keras.saving.register_keras_serializable("keras_ssl")
class SimMIM(MaskedImageMethod):
    """Predicts the pixels of random masked squares of the image; for convolutional encoders.

    Xie et al. 2021, "SimMIM: a Simple Framework for Masked Image Modeling" (https://arxiv.org/abs/2111.09886),
    section 3: unlike `MAE`, the encoder sees the whole image, in which the masked squares have one color, so it need
    not be a transformer. From each position of its last feature map a linear map predicts the pixels of its square
    (section 3.3), and the loss is `keras_ssl.losses.masked_pixel_error`. The paper learns a mask token after the
    patch embedding, which a convolutional encoder does not have. Here the squares are mid-gray instead.

    Layers after the encoder's last feature map, such as dense layers of your own, are not trained.

    Args:
        encoder: A functional `keras.Model` with a feature map `(batch, height, width, channels)` that it pools:
            `keras_ssl.backbones.small_cnn`, `resnet18`, `resnet50`, or `wrap` around another.
        augmenter: A `keras_ssl.augment.Augmenter`. Defaults to `None`: the images as they are. The paper has
            `augment.crops` with `scale=(0.67, 1.0)`.
        mask_size: Positive integer that divides the image's height and width. Pixels on each side of a square.
            Defaults to `32`, as in the paper for 192 pixels, a sixth of the image.
        mask_ratio: Float in (0, 1). The share of the squares that is masked. Defaults to `0.6`, as in the paper
            (section 4.1.2).
        seed: Integer. With the step it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If the encoder has no feature map, or one whose stride does not divide the image, the squares do
            not tile the image, or the ratio is not in (0, 1) or leaves nothing visible or masked.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> model = keras_ssl.SimMIM(keras_ssl.backbones.small_cnn((32, 32, 3)), mask_size=4)
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    >>> model.reconstruct(images).shape
    (64, 32, 32, 3)
    """

    def __init__(
        self,
        encoder: keras.Model,
        augmenter: Augmenter | None = None,
        *,
        mask_size: int = 32,
        mask_ratio: float = 0.6,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(encoder, augmenter, seed=seed, **kwargs)
        self.image_shape = encoder.input_shape[1:]
        height, width, channels = self.image_shape
        check_count("mask_size", mask_size)
        if height % mask_size or width % mask_size:
            raise ValueError(
                "The masked squares must tile the image: use a mask_size that divides its height and width. "
                f"Received: mask_size={mask_size}, encoder.input_shape={encoder.input_shape}"
            )
        self.mask_size = mask_size
        self.mask_ratio = float(mask_ratio)
        self.masked_squares = masked_count(mask_ratio, math.prod(self._grid))
        feature_map = last_feature_map(
            encoder, "SimMIM predicts pixels from", "; for a keras_ssl.backbones.vit there is keras_ssl.MAE"
        )
        self.feature_map = keras.Model(encoder.inputs[0], feature_map, name="feature_map")
        self.stride = _stride(feature_map.shape, encoder.input_shape)
        self.pixel_head = keras.layers.Dense(self.stride**2 * channels, dtype="float32", name="pixel_head")
        self.pixel_head.build(feature_map.shape)

    @property
    def _grid(self):
        """Squares in a column and in a row of the image."""
        height, width, _ = self.image_shape
        return height // self.mask_size, width // self.mask_size

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Section 3 of the paper."""
        images = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(images, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def forward(self, views: tf.Tensor, training: bool) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Compares the pixels of the masked squares with their prediction from the others."""
        mask = self._mask(views, self.draws(training=training))
        predictions = self._predict(blank(views, mask), training)
        return masked_pixel_error(predictions, views / 127.5 - 1, mask), {}

    def fill_in(self, pixels: tf.Tensor, draws: Draws, predict: bool) -> tf.Tensor:
        """Masks squares, and predicts their pixels."""
        mask = self._mask(pixels, draws)
        masked = blank(pixels, mask)
        return tf.where(mask, (self._predict(masked, False) + 1) * 127.5, pixels) if predict else masked

    def _mask(self, pixels, draws):
        """(batch, height, width, 1), True in `masked_squares` random squares of each image."""
        rows, columns = self._grid
        noise = draws.uniform(tf.shape(pixels)[0], rows * columns)
        ranks = tf.argsort(tf.argsort(noise))
        squares = tf.reshape(ranks < self.masked_squares, (-1, rows, columns, 1))
        return tf.repeat(tf.repeat(squares, self.mask_size, axis=1), self.mask_size, axis=2)

    def _predict(self, pixels, training):
        """The head's image, `(batch, height, width, channels)`, in [-1, 1] as the encoder sees pixels."""
        patches = self.pixel_head(self.feature_map(pixels, training=training))
        return from_patches(patches, self.stride, self.image_shape)

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {**super().get_config(), "mask_size": self.mask_size, "mask_ratio": self.mask_ratio}


def _stride(map_shape, input_shape):
    """The side in pixels of the square that belongs to each position of the feature map."""
    stride = input_shape[1] // map_shape[1]
    if (stride * map_shape[1], stride * map_shape[2]) != tuple(input_shape[1:3]):
        raise ValueError(
            "Each position of the encoder's last feature map must belong to a square of pixels of the same size: use "
            "images whose height and width the network's stride divides. "
            f"Received: a feature map of shape {tuple(map_shape)} for images of shape {tuple(input_shape)}"
        )
    return stride
