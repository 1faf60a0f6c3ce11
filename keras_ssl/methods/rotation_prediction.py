from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_ssl.augment import Augmenter
from keras_ssl.methods.task_method import TaskMethod
from keras_ssl.tasks import ROTATIONS, Rotation, all_rotations


@keras.saving.register_keras_serializable("keras_ssl")
class RotationPrediction(TaskMethod):
    """Predicts by how many quarter turns an image was rotated, which requires knowing what is in it.

    Gidaris et al. 2018, "Unsupervised Representation Learning by Predicting Image Rotations"
    (https://arxiv.org/abs/1803.07728), section 2: every image x goes through the encoder in its four rotations
    g(x|y), in one batch, and a linear classifier F on the features predicts the rotation y (equation 3, with N images
    and K = 4):

        L = −1/N Σ_i 1/K Σ_y log F^y( g(x_i|y) )

    The rotations are exact, by transposes and flips (`keras_ssl.tasks.all_rotations`), so no trace of an
    interpolation gives them away. The loss is computed by `keras_ssl.tasks.Rotation`.

    It needs images that have a right way up. Among handwritten digits a rotated 6 is a 9, and 0, 1 and 8 are the same
    after half a turn, so these rotations cannot be told apart and the accuracy stays below 1. Cells, textures and
    satellite images have no right way up at all.

    Logged beside the loss: `rotation_accuracy`; chance is 1/4.

    Args:
        encoder: A built `keras.Model` from square images `(batch, side, side, channels)`, raw pixels in [0, 255], to
            features `(batch, features)`.
        augmenter: A `keras_ssl.augment.Augmenter` that does not rotate. Defaults to `None`: the images as they are.
            The paper has crops and flips, `augment.crops`.
        seed: Integer. With the step it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If `encoder` is not such a model, or its images are not square.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> model = keras_ssl.RotationPrediction(keras_ssl.backbones.small_cnn((32, 32, 3)))
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    >>> model.predict(images, verbose=0).shape
    (64, 256)
    """

    logged = ("rotation_accuracy",)

    def __init__(self, encoder: keras.Model, augmenter: Augmenter | None = None, *, seed: int = 0, **kwargs):
        super().__init__(encoder, Rotation(), augmenter, seed=seed, **kwargs)

    @property
    def head(self) -> keras.layers.Layer:
        """The linear classifier on the features."""
        return self.task.head

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Section 2.1 of the paper; `tasks.Rotation` rotates the views and classifies their rotations."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def questions(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """What the encoder is asked about images, for `keras_ssl.plots.questions`: a view of each in its rotations.

        Args:
            images: Array of shape `(n, side, side, channels)`, raw pixels in [0, 255].

        Returns:
            Dict of float32 arrays of shape `(n, side, side, channels)`, by the angle.
        """
        rotated, _ = all_rotations(self.augment(images, training=False))
        return {f"{90 * turns}°": batch.numpy() for turns, batch in enumerate(tf.split(rotated, ROTATIONS))}
