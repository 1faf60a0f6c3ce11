def encoder_of(callback, otherwise=""):
    """The encoder of the model that a callback was given to.

    Args:
        callback: a `keras.callbacks.Callback` in a fit.
        otherwise: str, what the callback can do without an encoder, for the message.

    Raises:
        ValueError: when the model has none.
    """
    encoder = getattr(callback.model, "encoder", None)
    if encoder is None:
        raise ValueError(
            f"{type(callback).__name__} looks at model.encoder, which the methods of keras_ssl have{otherwise}. "
            f"Received: model={callback.model!r}"
        )
    return encoder
