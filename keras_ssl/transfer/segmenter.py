from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_ssl.augment import Augmenter
from keras_ssl.backbones import feature_pyramid
from keras_ssl.checks.arguments import check_not_negative
from keras_ssl.heads import unet_decoder
from keras_ssl.layers import UpsampleLike
from keras_ssl.losses import dice, labelled_mean
from keras_ssl.transfer.scene_model import SceneModel

# Pixels without a label in the masks that an augmenter has moved, and in those of the Segmentation task.
IGNORED = 255


@keras.saving.register_keras_serializable("keras_ssl")
class Segmenter(SceneModel):
    """Gives each pixel of an image its class: a U-Net whose first half is an encoder.

    The decoder (`keras_ssl.heads.unet_decoder`) goes from the coarsest feature map of the encoder to its finest, a
    1 × 1 convolution gives logits, and bilinear interpolation makes them as large as the image. The images may have
    any size; only on a vision transformer they keep one.

    Train it on `keras_ssl.data.masks`, or on a data set of your own that gives `(images, masks)`. By default all
    layers learn at the rate of the optimizer. `segmenter.encoder.trainable = False` before `compile` freezes the
    encoder; `scene_optimizer` lets the decoder learn first, and layers near the images more slowly.

    The loss is the mean cross-entropy of all pixels with a label, and `dice_weight` times `keras_ssl.losses.dice`. A
    batch without any label has the loss 0.

    Args:
        encoder: A built `keras.Model` from images to features, such as `model.encoder`. It is copied, and left as it
            is.
        classes: Sequence of strings, the names of the classes 0, 1, ….
        augmenter: A `keras_ssl.augment.SceneAugmenter`, which moves the masks with the image, or None for the images
            as they are. Defaults to `None`.
        ignore_class: Integer: the number in the masks of pixels without a label. 255 is one in any case. If a class
            of `classes` has that number, it is never predicted. Defaults to `None`.
        image_size: Pair of integers `(height, width)`. Only for a vision transformer: the size of the images.
            Defaults to `None`.
        finest_level: Integer: the decoder ends with one place for 2**level × 2**level pixels. Defaults to `1`, or the
            encoder's finest if that is coarser.
        width: Integer > 0: channels at the finest level of the decoder. Defaults to `32`.
        dice_weight: Float of at least 0. Defaults to `0.0`.
        seed: Integer. With the number of the step it determines the augmentation. Defaults to `0`.
        **kwargs: Arguments of `keras.Model`.

    Call arguments:
        images: Tensor of shape `(batch, height, width, channels)`, raw pixels in `[0, 255]`.

    Returns:
        Float32 logits of shape `(batch, height, width, classes)`. `predict` gives the number of the most probable
        class of each pixel, uint8 of shape `(n, height, width)`.

    Raises:
        ValueError: If the encoder has no such feature maps, or an argument is out of its range.

    Example:

    >>> images = np.random.randint(0, 256, (4, 64, 64, 3), "uint8")
    >>> masks = (images.mean(axis=-1) > 128).astype("uint8")
    >>> encoder = keras_ssl.backbones.resnet18((32, 32, 3), width=8)
    >>> segmenter = keras_ssl.transfer.Segmenter(encoder, classes=["dark", "bright"], width=8)
    >>> segmenter.compile("adam")
    >>> history = segmenter.fit(images, masks, batch_size=4, verbose=0)
    >>> segmenter.predict(images, verbose=0).shape
    (4, 64, 64)

    Reference:

    - [Ronneberger et al., 2015](https://arxiv.org/abs/1505.04597), U-Net
    """

    logged = ("cross_entropy", "dice_loss")

    def __init__(
        self,
        encoder: keras.Model,
        classes: Sequence[str],
        augmenter: Augmenter | None = None,
        *,
        ignore_class: int | None = None,
        image_size: Sequence[int] | None = None,
        finest_level: int = 1,
        width: int = 32,
        dice_weight: float = 0.0,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(encoder, classes, augmenter, seed, **kwargs)
        if not 2 <= len(self.class_names) <= IGNORED:
            raise ValueError(
                f"A segmenter tells from 2 to {IGNORED} classes apart; {IGNORED} marks pixels without a label. "
                f"Received: {len(self.class_names)} classes"
            )
        self.ignore_class = ignore_class
        self.dice_weight = check_not_negative("dice_weight", dice_weight)
        self._settings = {"image_size": image_size, "finest_level": finest_level, "width": width}
        pyramid = feature_pyramid(self.encoder, image_size=image_size)
        maps = {name: x for name, x in pyramid.output.items() if int(name[1:]) >= finest_level}
        if not maps:
            raise ValueError(
                f"The encoder's feature maps are {', '.join(pyramid.output)}, all finer than the finest level. "
                f"Received: finest_level={finest_level}"
            )
        self.pyramid = keras.Model(pyramid.inputs, maps, name="pyramid")
        self.decoder = unet_decoder({name: x.shape[1:] for name, x in maps.items()}, width)
        self.classifier = keras.layers.Conv2D(len(self.class_names), 1, dtype="float32", name="logits")
        self.classifier.build((None, None, None, width))
        self.resize = UpsampleLike("bilinear", dtype="float32", name="resize")

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step: the class of each pixel of an augmented image, against the true one."""
        images, masks = unpack(data)
        images, targets = self.augment(images, {"masks": masks})
        with tf.GradientTape() as tape:
            losses = self.forward(images, targets["masks"], training=True)
            loss = self.total(losses)
        self.minimize(loss, tape, images)
        return self.report(losses, images)

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """The same losses on images as they are, and no update."""
        images, masks = unpack(data)
        return self.report(self.forward(images, masks, training=False), images)

    def forward(self, images: tf.Tensor, masks: tf.Tensor, training: bool) -> dict[str, tf.Tensor]:
        """Mean cross-entropy of the labelled pixels of the global batch, and the Dice loss."""
        logits = self(images, training=training)
        masks = tf.cast(masks, tf.int32)
        labelled = self.is_labelled(masks)
        labels = tf.where(labelled, masks, 0)
        cross_entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        losses = {"cross_entropy": labelled_mean(cross_entropy, labelled), "dice_loss": tf.zeros(())}
        if self.dice_weight:
            overlap = dice(tf.one_hot(labels, logits.shape[-1]), tf.nn.softmax(logits), labelled)
            losses["dice_loss"] = self.dice_weight * overlap
        return losses

    def is_labelled(self, masks: tf.Tensor) -> tf.Tensor:
        """Which pixels have a class: all but those of `ignore_class` and 255."""
        labelled = (masks >= 0) & (masks != IGNORED)
        return labelled if self.ignore_class is None else labelled & (masks != self.ignore_class)

    def call(self, images: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """The logits of all pixels."""
        logits = self.classifier(self.decoder(self.pyramid(images, training=training), training=training))
        return self.resize(logits, images)

    def classify(self, images: tf.Tensor) -> tf.Tensor:
        """The most probable class of each pixel, uint8 of shape `(batch, height, width)`."""
        logits = self(images, training=False)
        if self.ignore_class is not None and 0 <= self.ignore_class < len(self.class_names):
            logits -= tf.one_hot(self.ignore_class, len(self.class_names), on_value=float("inf"), off_value=0.0)
        return tf.cast(tf.argmax(logits, axis=-1), tf.uint8)

    def predict_step(self, data: Any) -> tf.Tensor:
        """What `predict` computes for a batch: the classes."""
        images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        return self.classify(images)

    def get_config(self) -> dict:
        """The constructor's arguments, for `from_config`."""
        return {
            **super().get_config(),
            **self._settings,
            "ignore_class": self.ignore_class,
            "dice_weight": self.dice_weight,
        }


def unpack(data: Any) -> tuple[tf.Tensor, tf.Tensor]:
    """Images and masks of a batch, or a ValueError that says what a batch must be."""
    images, masks, _ = keras.utils.unpack_x_y_sample_weight(data)
    if masks is None or len(getattr(masks, "shape", ())) != 3 or not masks.dtype.is_integer:
        raise ValueError(
            "A segmenter learns from batches of (images, masks), masks of integers with the shape (batch, height, "
            f"width), as keras_ssl.data.masks gives them. Received: masks={masks!r}"
        )
    return tf.convert_to_tensor(images), masks
