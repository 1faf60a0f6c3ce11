import keras


def softmax_head(features: int, classes: int, seed: int = 0, name: str = "head") -> keras.Sequential:
    """Linear classifier on features, with two layers: `"logits"`, for the loss, and `"probabilities"`.

    Args:
        features: Positive integer. Number of features of an image.
        classes: Positive integer. Number of classes.
        seed: Integer. Seed of the weights (Glorot uniform). Defaults to `0`.
        name: String. Defaults to `"head"`.

    Returns:
        A `keras.Sequential` from features (batch, features) to float32 probabilities (batch, classes).
    """
    initializer = keras.initializers.GlorotUniform(seed)
    return keras.Sequential(
        [
            keras.Input((features,), name="features"),
            keras.layers.Dense(classes, kernel_initializer=initializer, dtype="float32", name="logits"),
            keras.layers.Softmax(dtype="float32", name="probabilities"),
        ],
        name=name,
    )
