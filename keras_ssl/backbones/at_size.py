from collections.abc import Sequence

import keras


def at_size(encoder: keras.Model, image_size: Sequence[int]) -> keras.Model:
    """Rebuild an encoder, with shared weights, for images of another size.

    SwAV and DINO encode crops of several sizes with one network. Works for convolutional encoders with global
    pooling, and for vision transformers whose patches divide the size.

    Args:
        encoder: A functional `keras.Model` from images `(batch, height, width, channels)` to features
            `(batch, features)`.
        image_size: Pair of integers `(height, width)`. Size of the images.

    Returns:
        A `keras.Model` from images `(batch, *image_size, channels)` to the features, made of the same layers. The
        encoder itself if it already takes that size.

    Raises:
        ValueError: If the encoder is not a functional model, or its layers depend on the image size.

    Example:

    >>> encoder = keras_ssl.backbones.resnet18((32, 32, 3))
    >>> small = keras_ssl.backbones.at_size(encoder, (16, 16))
    >>> small.input_shape, small.output_shape
    ((None, 16, 16, 3), (None, 512))
    """
    shape = (*image_size, encoder.input_shape[-1])
    if encoder.input_shape[1:] in (shape, (None, None, shape[-1])):
        return encoder
    images = keras.Input(shape, name="images")
    try:
        resized = keras.models.clone_model(encoder, input_tensors=images, clone_function=lambda layer: layer)
    except ValueError as error:
        raise ValueError(
            "The encoder cannot take images of another size. It must be functional and end in global pooling, "
            "like keras_ssl.backbones.resnet18. "
            f"Received: image_size={tuple(image_size)} for an encoder of {encoder.input_shape}: {error}"
        ) from error
    return resized
