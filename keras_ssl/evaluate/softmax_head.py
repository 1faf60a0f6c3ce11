import keras


def softmax_head(features, classes, seed=0, name="head"):
    """A linear classifier on features, as two layers: `"logits"`, which a loss is taken of, and `"probabilities"`.

    Args:
        features: int > 0, the features of an image.
        classes: int > 0.
        seed: int, of the weights, which are Glorot's uniform ones. Defaults to 0.
        name: str. Defaults to `"head"`.

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
