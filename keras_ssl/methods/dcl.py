from typing import Any

import keras
import tensorflow as tf

from keras_ssl.augment import Augmenter
from keras_ssl.losses import decoupled_cross_entropy
from keras_ssl.methods.simclr import SimCLR


@keras.saving.register_keras_serializable("keras_ssl")
class DCL(SimCLR):
    """SimCLR without the positive in the denominator, which learns faster with small batches.

    Yeh et al. 2021, "Decoupled Contrastive Learning" (https://arxiv.org/abs/2110.06848), section 3.2: once a pair is
    close, SimCLR's gradient gets small for its negatives, too. `keras_ssl.losses.decoupled_nt_xent` leaves the pair
    out of the softmax's denominator, which removes this coupling. All else is `SimCLR`.

    Logged beside the loss: `contrastive_accuracy` and `embedding_spread`, as by `SimCLR`.

    Args:
        encoder: A built `keras.Model` from images `(batch, height, width, channels)`, raw pixels in [0, 255], to
            features `(batch, features)`.
        projector: A `keras.Model` from features to embeddings. Defaults to SimCLR's, `heads.projection_head` with 128
            outputs.
        augmenter: A `keras_ssl.augment.Augmenter`. Defaults to `augment.simclr` for the encoder's image size, or
            `augment.grayscale` for images that are not RGB.
        temperature: Positive float. Defaults to `0.1`, as in the paper (section 4.1).
        seed: Integer. With the step and the view it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If the encoder is not such a model, the projector does not fit, or the temperature is not
            positive.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> model = keras_ssl.DCL(keras_ssl.backbones.small_cnn((32, 32, 3)))
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    #: On the similarities of two views it is `decoupled_nt_xent`.
    cross_entropy = staticmethod(decoupled_cross_entropy)

    def __init__(
        self,
        encoder: keras.Model,
        projector: keras.Model | None = None,
        augmenter: Augmenter | None = None,
        *,
        temperature: float = 0.1,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(encoder, projector, augmenter, temperature=temperature, seed=seed, **kwargs)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """SimCLR's algorithm 1, with the decoupled loss in `forward`."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)
