from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from keras_ssl.data.decode import decode_and_measure
from keras_ssl.export.answers import Answer

# The numbers of channels in image files. A model for other numbers takes arrays only.
FILE_CHANNELS = (1, 3)


def serving_module(
    answer: Answer,
    image_shape: Sequence[int | None],
    image_size: Sequence[int],
    resize: str,
    orientation: str,
    bits: int | None = None,
    move_back: Callable[[dict[str, tf.Tensor], tf.Tensor], dict[str, tf.Tensor]] | None = None,
) -> tuple[tf.Module, dict[str, Any]]:
    """Build the served graph, without any part of the training.

    Args:
        answer: Function from a float32 batch of images to a dict of tensors, all with the batch as their first axis.
        image_shape: Tuple `(height, width, channels)` of the images, with `None` for a side of any length.
        image_size: Tuple `(height, width)`. Size that files are resized to.
        resize: String. `"stretch"`, `"crop"` or `"pad"`.
        orientation: String. `"exif"` or `"ignore"`.
        bits: Integer or `None`. As in `decode_image`. Defaults to `None`.
        move_back: Function from the answer to resized files, and the sizes of the files' images, int32 of shape
            `(batch, 2)`, to the answer that is served. Defaults to `None`: the answer as it is.

    Returns:
        A `tf.Module` that owns the variables, and a dict from name to signature (a traced `tf.function`).
    """
    channels = image_shape[2]

    @tf.function(input_signature=[tf.TensorSpec((None, *image_shape), tf.float32, "images")])
    def serve_images(images):
        # The server does not check shapes, and a convolution would compute features of any size.
        images = tf.ensure_shape(images, (None, *image_shape))
        count = tf.shape(images)[0]
        return {name: values[:count] for name, values in answer(_at_least_one(images)).items()}

    # Decoding is written in graph operations. AutoGraph would take seconds and find nothing to convert.
    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, "image_bytes")], autograph=False)
    def serve_bytes(image_bytes):
        images, sizes = tf.map_fn(
            lambda image: decode_and_measure(image, image_size, channels, resize, orientation=orientation, bits=bits),
            image_bytes,
            fn_output_signature=(tf.TensorSpec((*image_size, channels), tf.uint8), tf.TensorSpec((2,), tf.int32)),
        )
        outputs = serve_images(tf.cast(images, tf.float32))
        return outputs if move_back is None else move_back(outputs, sizes)

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
