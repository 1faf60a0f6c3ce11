import keras
import numpy as np
import tensorflow as tf

from keras_ssl.checks.arguments import check_batch_size
from keras_ssl.evaluate.image_batches import ImageBatches


def predicted_batches(model, data, batch_size):
    """Yields predictions, truths and the size (height, width) of the images for each batch of labelled images.

    Args:
        model: A detector or a segmenter with `predict(images)` and `class_names`.
        data: A batched `tf.data.Dataset` of `(images, truths)`, or a tuple of arrays.
        batch_size: Integer. For arrays only.

    Raises:
        ValueError: If there are no images or no truths, if there is no end to the images, or if the data set has
            other `class_names` than the model.
    """
    expected = getattr(data, "class_names", None)
    if expected is not None and list(expected) != list(model.class_names):
        raise ValueError(
            "The model and the data set must have the same classes in the same order. "
            f"Received: class_names={list(model.class_names)} of the model and {list(expected)} of the data set"
        )
    if isinstance(data, tuple):
        data = tf.data.Dataset.from_tensor_slices(data).batch(check_batch_size(batch_size))
    batches = ImageBatches(data)
    if not batches.labelled:
        raise ValueError(
            "Images are scored beside their truth: give a tf.data.Dataset of (images, truths), or a tuple of arrays. "
            "Received: images alone"
        )
    # Keras shows a progress bar for every batch otherwise.
    quiet = {"verbose": 0} if isinstance(model, keras.Model) else {}
    empty = True
    for images, truths in batches:
        empty = False
        images = np.asarray(images)
        yield model.predict(images, **quiet), tf.nest.map_structure(np.asarray, truths), images.shape[1:3]
    if empty:
        raise ValueError(f"There are no images to score. Received: data={data}")
