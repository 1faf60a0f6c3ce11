import keras


def require_encoder(callback: keras.callbacks.Callback, otherwise: str = "") -> keras.Model:
    """Return `model.encoder` of a callback's model.

    Args:
        callback: A `keras.callbacks.Callback` of a fit.
        otherwise: String. Text for the error message: how to use the callback without an encoder. Defaults to `""`.

    Raises:
        ValueError: If the model has no encoder.
    """
    encoder = getattr(callback.model, "encoder", None)
    if encoder is None:
        raise ValueError(
            f"{type(callback).__name__} needs model.encoder, which the methods of keras_ssl have{otherwise}. "
            f"Received: model={callback.model!r}"
        )
    return encoder
