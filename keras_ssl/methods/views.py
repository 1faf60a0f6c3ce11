from keras_ssl import augment


def default_augmenter(encoder):
    """The augmentations of SimCLR for images of the encoder's size: in colour, or for other channel counts without.

    Raises:
        ValueError: for an encoder without a fixed image size.
    """
    height, width, channels = encoder.input_shape[1:]
    if height is None or width is None:
        raise ValueError(
            "The encoder takes images of any size, so say what size the views have: pass "
            "augmenter=keras_ssl.augment.simclr(image_size=(height, width)). "
            f"Received: encoder.input_shape={encoder.input_shape}"
        )
    recipe = augment.simclr if channels == 3 else augment.grayscale
    return recipe((height, width))
