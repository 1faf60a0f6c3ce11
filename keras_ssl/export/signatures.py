from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_ssl.data.decode import decode_and_resize

# The numbers of channels in image files. A model for other numbers takes arrays only.
FILE_CHANNELS = (1, 3)


def serving_module(
    encoder: keras.Model,
    classifier: keras.Model | None,
    class_names: Sequence[str] | None,
    image_shape: Sequence[int | None],
    image_size: Sequence[int],
    resize: str,
    orientation: str,
    bits: int | None,
) -> tuple[tf.Module, dict[str, Any]]:
    """Build the served graph, without any part of the training.

    Args:
        encoder: A `keras.Model` from images to features, in float32.
        classifier: A `keras.Model` from features to probabilities, or `None`.
        class_names: List of strings, or `None` for class numbers.
        image_shape: Tuple `(height, width, channels)` of the encoder's images, with `None` for a side of any length.
        image_size: Tuple `(height, width)`. Size that files are resized to.
        resize: String. `"stretch"`, `"crop"` or `"pad"`.
        orientation: String. `"exif"` or `"ignore"`.
        bits: Integer or `None`. As in `decode_image`.

    Returns:
        A `tf.Module` that owns the variables, and a dict from name to signature (a traced `tf.function`).
    """
    channels = image_shape[2]

    @tf.function(input_signature=[tf.TensorSpec((None, *image_shape), tf.float32, "images")])
    def serve_images(images):
        # The server does not check shapes, and a convolution would compute features of any size.
        images = tf.ensure_shape(images, (None, *image_shape))
        count = tf.shape(images)[0]
        embedding = tf.cast(encoder(_at_least_one(images), training=False), tf.float32)[:count]
        if classifier is None:
            return {"embedding": embedding}
        probabilities = tf.cast(classifier(embedding, training=False), tf.float32)
        winner = tf.argmax(probabilities, axis=-1)
        return {
            "embedding": embedding,
            "probabilities": probabilities,
            "class": winner if class_names is None else tf.gather(tf.constant(class_names), winner),
        }

    # Decoding is written in graph operations. AutoGraph would take seconds and find nothing to convert.
    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, "image_bytes")], autograph=False)
    def serve_bytes(image_bytes):
        images = tf.map_fn(
            lambda image: decode_and_resize(image, image_size, channels, resize, orientation=orientation, bits=bits),
            image_bytes,
            fn_output_signature=tf.TensorSpec((*image_size, channels), tf.uint8),
        )
        return serve_images(tf.cast(images, tf.float32))

    signatures = {"serving_default": serve_images.get_concrete_function()}
    if channels in FILE_CHANNELS:
        signatures["serve_bytes"] = serve_bytes.get_concrete_function()

    module = tf.Module()
    # The variables that inference reads, not the models that own them: a tracked Keras model would add the seeds of
    # its dropout and its own signatures.
    module.weights = list(signatures["serving_default"].variables)
    return module, signatures


def _at_least_one(images):
    """Pad an empty batch with a black image: oneDNN's convolution of none has a wrong shape on some CPUs."""
    missing = tf.cast(tf.equal(tf.shape(images)[0], 0), tf.int32)
    padded = tf.pad(images, [[0, missing], [0, 0], [0, 0], [0, 0]])
    return tf.ensure_shape(padded, images.shape)
