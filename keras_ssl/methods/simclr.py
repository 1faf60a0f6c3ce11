from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_ssl.augment import Augmenter
from keras_ssl.checks.arguments import check_positive
from keras_ssl.losses import contrasted_views, softmax_cross_entropy
from keras_ssl.methods.projector_method import ProjectorMethod
from keras_ssl.tasks import Contrastive


@keras.saving.register_keras_serializable("keras_ssl")
class SimCLR(ProjectorMethod):
    """Finds the other view of an image among all views of the batch.

    Chen et al. 2020, "A Simple Framework for Contrastive Learning of Visual Representations"
    (https://arxiv.org/abs/2002.05709), algorithm 1: every image is augmented twice, an encoder f and a projection
    head g map the views to embeddings z = g(f(view)), and `keras_ssl.losses.nt_xent` finds the pair of each view
    among the 2B - 1 others. The projection head is discarded after training, and the encoder is kept.

    Logged beside the loss: `contrastive_accuracy`, how often the positive is the nearest of all candidates, and
    `embedding_spread`, about 1 for embeddings that fill the sphere and 0 when they have collapsed.

    Args:
        encoder: A built `keras.Model` from images `(batch, height, width, channels)`, raw pixels in [0, 255], to
            features `(batch, features)`.
        projector: A `keras.Model` from features to embeddings. Defaults to `heads.projection_head` with one hidden
            layer as wide as the features and 128 outputs, as in the paper (section 2.1).
        augmenter: A `keras_ssl.augment.Augmenter`. Defaults to `augment.simclr` for the encoder's image size, or
            `augment.grayscale` for images that are not RGB.
        temperature: Positive float. Defaults to `0.5`, as in the paper for CIFAR-10 (appendix B.9), which takes 0.1
            for ImageNet.
        seed: Integer. With the step and the view it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If the encoder is not such a model, the projector does not fit, or the temperature is not
            positive.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> model = keras_ssl.SimCLR(keras_ssl.backbones.small_cnn((32, 32, 3)))
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    >>> model.predict(images, verbose=0).shape
    (64, 256)
    """

    logged = ("contrastive_accuracy", "embedding_spread")
    #: The loss of (similarities, positives, temperature); on the similarities of two views it is `nt_xent`.
    cross_entropy: Callable = staticmethod(softmax_cross_entropy)

    def __init__(
        self,
        encoder: keras.Model,
        projector: keras.Model | None = None,
        augmenter: Augmenter | None = None,
        *,
        temperature: float = 0.5,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(encoder, projector, augmenter, seed=seed, **kwargs)
        self.temperature = check_positive("temperature", temperature)

    default_projector = staticmethod(Contrastive.default_projector)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Algorithm 1 of the paper."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def forward(self, views: tf.Tensor, training: bool) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Encodes both views in one batch, projects them, and compares each with all."""
        projections = self.embed(views, training)
        loss, accuracy, spread = contrasted_views(projections, self.temperature, self.cross_entropy)
        return loss, {"contrastive_accuracy": accuracy, "embedding_spread": spread}

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {**super().get_config(), "temperature": self.temperature}
