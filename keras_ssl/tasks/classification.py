from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from keras_ssl.tasks.class_labels import ClassLabels


@keras.saving.register_keras_serializable("keras_ssl.tasks")
class Classification(ClassLabels):
    """Predicts the class of an image: a linear map of the features, and cross-entropy.

    Targets are integers of shape `(batch,)`: the number of the class, or -1 where it is not known. Logged beside the
    loss: `accuracy`.

    Args:
        classes: Integer of at least 2. The number of classes.
        augmented: Boolean. Whether to take a random view of each image instead of the image, against
            overfitting to few labels. Defaults to `False`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Raises:
        ValueError: If there are fewer than two classes.

    Example, where one image in ten is labelled:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> labels = np.where(np.arange(64) % 10 == 0, np.random.randint(0, 5, 64), -1)
    >>> tasks = {"contrast": keras_ssl.tasks.Contrastive(), "kind": keras_ssl.tasks.Classification(5)}
    >>> model = keras_ssl.MultiTask(keras_ssl.backbones.small_cnn((32, 32, 3)), tasks)
    >>> model.compile("adam")
    >>> history = model.fit(images, {"kind": labels}, batch_size=32, verbose=0)
    >>> model.predict_task("kind", images).shape
    (64, 5)
    """

    def build_head(self, encoder: keras.Model) -> None:
        """Builds a linear map from features to logits."""
        self.head = keras.layers.Dense(self.classes, dtype="float32", name="logits")
        self.head.build(encoder.output_shape)

    def target_shape(self, image_shape: Sequence[int]) -> tuple[()]:
        """A scalar."""
        return ()

    def outputs(self, encoder: Callable, images: tf.Tensor, training: bool) -> tf.Tensor:
        """Logits of shape `(batch, classes)`."""
        return self.head(encoder(images, training=training))
