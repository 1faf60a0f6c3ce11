from typing import Any

import keras
import tensorflow as tf

from keras_ssl.augment import Augmenter, Draws
from keras_ssl.methods.masked_image_method import MaskedImageMethod
from keras_ssl.methods.task_method import TaskMethod
from keras_ssl.tasks import MissingBlock, blank


@keras.saving.register_keras_serializable("keras_ssl")
class Inpainting(TaskMethod, MaskedImageMethod):
    """Rebuilds a block that was cut out of the image, which requires knowing what the rest of it shows.

    Pathak et al. 2016, "Context Encoders: Feature Learning by Inpainting" (https://arxiv.org/abs/1604.07379), section
    3: the encoder E sees the image x with a block M in one color, and a decoder D rebuilds the image from the
    features. Only the block counts (equation 1):

        L = 1/|M| ‖ M ⊙ ( x − D(E((1 − M) ⊙ x)) ) ‖₁

    The loss is computed by `keras_ssl.tasks.MissingBlock`. The paper squares the error, and found no difference to
    this one (section 3.2). It also has the loss of a discriminator, which makes the block sharper. That is left out
    here, as in the training of the paper's own features (section 5.2), so the block is blurred where its content is
    uncertain. Blocks lie anywhere, because the encoder would learn the border of a central block by heart (section
    3.3, which has several blocks of any shape). They are mid-gray, where the paper has the mean color.

    Args:
        encoder: A built `keras.Model` from images `(batch, height, width, channels)`, raw pixels in [0, 255], to
            features `(batch, features)`.
        decoder: A `keras.Model` from features to images of the same shape, pixels scaled to [0, 1], float32. Defaults
            to `heads.mirror(encoder)`.
        augmenter: A `keras_ssl.augment.Augmenter`. Defaults to `None`: the images as they are.
        block_share: Float in (0, 1). The block's share of the image's height and of its width. Defaults to `0.5`, a
            quarter of the area, as in the paper.
        central: Boolean. Whether the block is always in the middle. Defaults to `False`, a random place.
        seed: Integer. With the step it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If no pixel is inside the block or none is outside, the decoder does not fit, or none is given and
            the encoder has no mirror.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> model = keras_ssl.Inpainting(keras_ssl.backbones.small_cnn((32, 32, 3)))
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    >>> model.reconstruct(images).shape
    (64, 32, 32, 3)
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model | None = None,
        augmenter: Augmenter | None = None,
        *,
        block_share: float = 0.5,
        central: bool = False,
        seed: int = 0,
        **kwargs,
    ):
        task = MissingBlock(decoder, block_share=block_share, central=central)
        super().__init__(encoder, task, augmenter, seed=seed, **kwargs)

    @property
    def decoder(self) -> keras.Model:
        """The network from features to images."""
        return self.task.decoder

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Section 3 of the paper; `tasks.MissingBlock` blanks a block and rebuilds it."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def fill_in(self, pixels: tf.Tensor, draws: Draws, predict: bool) -> tf.Tensor:
        """Blanks a block, and rebuilds it."""
        mask = self.task.mask(pixels, draws)
        masked = blank(pixels, mask)
        return tf.where(mask, 255.0 * self.task.rebuild(self.encoder, masked, False), pixels) if predict else masked
