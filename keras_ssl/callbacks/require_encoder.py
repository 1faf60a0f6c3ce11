import keras


def require_encoder(callback: keras.callbacks.Callback, otherwise: str = "") -> keras.Model:
    """Returns `model.encoder` of a callback's model.

    Args:
        callback: A `keras.callbacks.Callback` in a fit.
        otherwise: String. Added to the error message: how to use the callback without an encoder. Defaults to `""`.

    Raises:
        ValueError: If the model has none.
    """
    encoder = getattr(callback.model, "encoder", None)
    if encoder is None:
        raise ValueError(
            f"{type(callback).__name__} looks at model.encoder, which the methods of keras_ssl have{otherwise}. "
            f"Received: model={callback.model!r}"
        )
    return encoder
