"""What an exported network answers: functions from a batch of images to a dict of tensors."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from keras_ssl.data.resize import scale_and_translation

Answer = Callable[[tf.Tensor], dict[str, tf.Tensor]]
# What stands in the rows without a detection.
NO_DETECTION = {"boxes": -1.0, "scores": 0.0, "classes": -1, "class_names": ""}


def encoder_answer(encoder: keras.Model, classifier: keras.Model | None, class_names: Sequence[str] | None) -> Answer:
    """Return a function from images to their embedding, and with a classifier probabilities and the class.

    Args:
        encoder: A `keras.Model` from images to features, in float32.
        classifier: A `keras.Model` from features to probabilities, or `None`.
        class_names: List of strings, or `None` for class numbers.
    """

    def answer(images):
        embedding = tf.cast(encoder(images, training=False), tf.float32)
        if classifier is None:
            return {"embedding": embedding}
        probabilities = tf.cast(classifier(embedding, training=False), tf.float32)
        winner = tf.argmax(probabilities, axis=-1)
        return {
            "embedding": embedding,
            "probabilities": probabilities,
            "class": winner if class_names is None else tf.gather(tf.constant(class_names), winner),
        }

    return answer


def detector_answer(detector: keras.Model, class_names: Sequence[str]) -> Answer:
    """Return a function from images to their objects: boxes, scores, classes and the names of the classes.

    Args:
        detector: A `keras.Model` from images to a dict of boxes, scores and classes, in float32.
        class_names: List of strings.
    """

    def answer(images):
        found = detector(images, training=False)
        # Class -1, no detection, has the first name.
        names = tf.constant([NO_DETECTION["class_names"], *class_names])
        return {**found, "class_names": tf.gather(names, found["classes"] + 1)}

    return answer


def segmenter_answer(segmenter: keras.Model) -> Answer:
    """Return a function from images to their masks.

    Args:
        segmenter: A `keras.Model` with a method `classify` from images to the class of each pixel, in float32.
    """
    return lambda images: {"mask": segmenter.classify(images)}


def without_bars(found: dict[str, tf.Tensor], sizes: tf.Tensor, image_size: Sequence[int]) -> dict[str, tf.Tensor]:
    """Move boxes from images with black bars (`resize="pad"`) back to the images as they were sent.

    A detection that lies in the bars alone is left out, and those after it move up.

    Args:
        found: Dict of tensors, as `detector_answer` gives it.
        sizes: int32 tensor of shape `(batch, 2)`. The (height, width) of the images before they were resized.
        image_size: Tuple `(height, width)`, to which they were resized.

    Returns:
        The dict, with boxes in relative coordinates of the images as they were sent.
    """
    scale, translation = scale_and_translation(sizes, image_size, "pad")
    covered = scale * tf.cast(sizes, tf.float32)
    corners = tf.reshape(found["boxes"], (tf.shape(sizes)[0], -1, 2, 2)) * tf.constant(image_size, tf.float32)
    corners = (corners - translation[:, tf.newaxis, tf.newaxis]) / covered[:, tf.newaxis, tf.newaxis]
    corners = tf.clip_by_value(corners, 0.0, 1.0)
    exists = (found["classes"] >= 0) & tf.reduce_all(corners[..., 1, :] > corners[..., 0, :], axis=-1)
    found = {**found, "boxes": tf.reshape(corners, tf.shape(found["boxes"]))}
    order = tf.argsort(tf.cast(exists, tf.int32), direction="DESCENDING", stable=True)
    exists = tf.gather(exists, order, batch_dims=1)
    return {
        name: tf.ensure_shape(
            tf.where(
                exists[..., tf.newaxis] if name == "boxes" else exists,
                tf.gather(values, order, batch_dims=1),
                NO_DETECTION[name],
            ),
            values.shape,
        )
        for name, values in found.items()
    }
