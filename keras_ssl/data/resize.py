from typing import Any

import tensorflow as tf

from keras_ssl.checks.arguments import check_image_size

RESIZE_MODES = ("stretch", "crop", "pad")


def check_resize(resize: str) -> str:
    """Return `resize`, or raise a `ValueError` that lists the modes."""
    if resize not in RESIZE_MODES:
        raise ValueError(f"`resize` must be one of {RESIZE_MODES}. Received: resize={resize!r}")
    return resize


def resize_images(images: Any, image_size: int | tuple[int, int], resize: str = "stretch") -> tf.Tensor:
    """Resize a batch of images with bilinear weights, with antialiasing if it shrinks them.

    All three modes are one resampling, with a scale factor for each axis. `"stretch"` uses the two factors, `"crop"`
    the larger for both axes, `"pad"` the smaller; then the image is centered. `"stretch"` equals
    `tf.image.resize(images, image_size, antialias=True)`.

    Args:
        images: uint8 or float tensor of shape `(batch, height, width, channels)`.
        image_size: Tuple `(height, width)`, or one integer for a square.
        resize: `"stretch"` changes the aspect ratio. `"crop"` keeps it, fits the shorter side and cuts off the longer
            one at both ends. `"pad"` keeps it, fits the longer side and adds black bars. Defaults to `"stretch"`.

    Returns:
        Tensor of shape `(batch, height, width, channels)`: uint8, rounded, if the images were uint8, else float32.

    Raises:
        ValueError: If `resize` or `image_size` is not as described.

    Example:

    >>> images = tf.zeros((4, 480, 640, 3), tf.uint8)
    >>> resize_images(images, (224, 224), resize="crop").shape
    TensorShape([4, 224, 224, 3])
    """
    height, width = check_image_size(image_size)
    check_resize(resize)
    images = tf.convert_to_tensor(images)
    scale, translation = scale_and_translation(tf.shape(images)[1:3], (height, width), resize)
    resized = tf.raw_ops.ScaleAndTranslate(
        images=images,
        size=[height, width],
        scale=scale,
        translation=translation,
        kernel_type="triangle",
        antialias=True,
    )
    if images.dtype == tf.uint8:
        resized = tf.saturate_cast(tf.round(resized), tf.uint8)
    return tf.ensure_shape(resized, [images.shape[0], height, width, images.shape[-1]])


def scale_and_translation(size, image_size, resize):
    """Where `resize_images` puts a point: at `point * scale + translation`, in pixels from the top left corner.

    Args:
        size: The (height, width) of an image, or of several, (…, 2).
        image_size: The wanted (height, width).
        resize: One of `RESIZE_MODES`.

    Returns:
        Two float32 tensors of the shape of `size`.
    """
    source, target = tf.cast(size, tf.float32), tf.constant(image_size, tf.float32)
    scale = target / source
    if resize == "crop":
        scale = tf.broadcast_to(tf.reduce_max(scale, axis=-1, keepdims=True), tf.shape(scale))
    elif resize == "pad":
        # A very long image keeps a line of one pixel.
        scale = tf.maximum(tf.reduce_min(scale, axis=-1, keepdims=True), 1.0 / source)
    return scale, (target - scale * source) / 2.0
