import keras
import tensorflow as tf

from keras_ssl.checks.images import check_square
from keras_ssl.losses import positive_accuracy, softmax_cross_entropy
from keras_ssl.methods.base import SelfSupervisedModel
from keras_ssl.pretext import ROTATIONS, all_rotations


@keras.saving.register_keras_serializable("keras_ssl")
class RotationPrediction(SelfSupervisedModel):
    """Says by how many quarter turns an image was rotated, which takes knowing what is in it.

    Gidaris et al. 2018, "Unsupervised Representation Learning by Predicting Image Rotations"
    (https://arxiv.org/abs/1803.07728), section 2: every image x goes through the encoder in its four rotations
    g(x|y), in one batch, and a linear classifier F on the features says which is which (equation 3, N images, K = 4):

        L = −1/N Σ_i 1/K Σ_y log F^y( g(x_i|y) )

    The rotations are exact, by transposes and flips (`keras_ssl.pretext.all_rotations`), so no trace of an
    interpolation gives them away.

    It learns from images that have an up. Where things look alike upside down the question has no answer: of
    handwritten digits a turned 6 is a 9, and 0, 1 and 8 are the same after half a turn, so that the accuracy stays
    below 1; cells, textures and satellite images have no up at all.

    Logged beside the loss: `rotation_accuracy`; chance is 1/4.

    Args:
        encoder: a built `keras.Model` from square images (batch, side, side, channels), raw pixels in [0, 255], to
            features (batch, features).
        augmenter: a `keras_ssl.augment.Augmenter`. By default the images are taken as they are; the paper has crops
            and flips, `augment.crops`. It must not rotate.
        seed: int. With the step it determines every random draw of the training.

    Raises:
        ValueError: for an encoder that is not such a model, or one of images that are not square.

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

    def __init__(self, encoder, augmenter=None, *, seed=0, **kwargs):
        super().__init__(encoder, augmenter, seed=seed, **kwargs)
        check_square(encoder.input_shape[1:])
        self.head = keras.layers.Dense(ROTATIONS, dtype="float32", name="rotation_head")
        self.head.build(encoder.output_shape)

    def train_step(self, data):
        """Section 2.1 of the paper."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def forward(self, views, training):
        """Encodes every view in its four rotations, and classifies them."""
        rotated, labels = all_rotations(views)
        logits = self.head(self.encoder(rotated, training=training))
        return softmax_cross_entropy(logits, labels), {"rotation_accuracy": positive_accuracy(logits, labels)}

    def questions(self, images):
        """What is asked about images, for `keras_ssl.plots.questions`: a view of each in its four rotations.

        Args:
            images: array (n, side, side, channels), raw pixels in [0, 255].

        Returns:
            Dict of float32 arrays (n, side, side, channels), by the turn.
        """
        rotated, _ = all_rotations(self.augment(images, training=False))
        return {f"{90 * turns}°": batch.numpy() for turns, batch in enumerate(tf.split(rotated, ROTATIONS))}
