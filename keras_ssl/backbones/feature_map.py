import keras


def last_feature_map(encoder: keras.Model, use: str, instead: str = "") -> keras.KerasTensor:
    """Return the last feature map of an encoder, the input of its pooling layer.

    Args:
        encoder: A functional `keras.Model` from images to features.
        use: String. Start of the error message, such as "SimMIM predicts pixels from".
        instead: String. Alternative for other encoders, for the error message. Defaults to `""`.

    Returns:
        A `keras.KerasTensor` `(batch, height, width, channels)` of the encoder's graph.

    Raises:
        ValueError: If there is no such map, or no layer before it has a kernel.

    Example:

    >>> encoder = keras_ssl.backbones.small_cnn((32, 32, 3), filters=(4, 8))
    >>> keras_ssl.backbones.feature_map.last_feature_map(encoder, "I look at").shape
    (None, 16, 16, 8)
    """
    # The layers of a model inside the encoder belong to that model's graph, not to the encoder's.
    for layer in reversed([layer for layer in encoder.layers if not isinstance(layer, keras.Model)]):
        if (_rank(layer.input), _rank(layer.output)) == (4, 2):
            if has_kernels(keras.Model(encoder.inputs[0], layer.input)):
                return layer.input
            break
    raise ValueError(
        f"{use} the encoder's last feature map, and this encoder has no map that it pools. Use "
        f"keras_ssl.backbones.small_cnn, a ResNet, or keras_ssl.backbones.wrap(model) around your own{instead}. "
        f"Received: encoder={encoder!r}"
    )


def with_feature_map(encoder: keras.Model, use: str) -> keras.Model:
    """Rebuild an encoder with two outputs: the features and the last feature map.

    Args:
        encoder: As for `last_feature_map`.
        use: As for `last_feature_map`.

    Returns:
        A `keras.Model` from images to a list of features `(batch, features)` and the map
        `(batch, height, width, channels)`, which shares the encoder's layers.

    Raises:
        ValueError: If there is no such map.

    Example:

    >>> encoder = keras_ssl.backbones.small_cnn((32, 32, 3), filters=(4, 8))
    >>> model = keras_ssl.backbones.feature_map.with_feature_map(encoder, "I look at")
    >>> [output.shape for output in model(np.zeros((2, 32, 32, 3)))]
    [TensorShape([2, 8]), TensorShape([2, 16, 16, 8])]
    """
    return keras.Model(encoder.inputs[0], [encoder.outputs[0], last_feature_map(encoder, use)])


def _rank(tensor):
    return len(tensor.shape) if isinstance(tensor, keras.KerasTensor) else None  # of several tensors


def has_kernels(model: keras.Model) -> bool:
    """Whether a model has learned anything, and does not only change pixels, such as their mean."""
    return any(len(weight.shape) > 1 for weight in model.weights)
