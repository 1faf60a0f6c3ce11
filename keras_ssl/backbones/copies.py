from collections.abc import Callable

import keras


def rebuilt(model: keras.Model, change: Callable[[dict], dict] = lambda config: config) -> keras.Model:
    """Rebuild a model from its configuration, with newly initialized weights.

    Args:
        model: A built `keras.Model` that Keras can serialize.
        change: Function that takes and returns the configuration, a dict. Defaults to the identity.

    Returns:
        A `keras.Model` that is not compiled.

    Raises:
        ValueError: If Keras cannot rebuild the model.
    """
    try:
        config = keras.saving.serialize_keras_object(model)
        config.pop("compile_config", None)
        # The configuration comes from a model in this process, not from a file.
        return keras.saving.deserialize_keras_object(change(config), safe_mode=False)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise ValueError(
            "The model cannot be rebuilt from its configuration, so a saved file of it could not be loaded "
            "either. Give your own layers a `get_config` and decorate them with "
            f"`@keras.saving.register_keras_serializable()`. Received: model={model!r}, Keras says: {error}"
        ) from error


def copied(model: keras.Model) -> keras.Model:
    """Copy a model with its weights, so that the copy can be trained without changing the model.

    Args:
        model: A built `keras.Model` that Keras can serialize.

    Returns:
        A `keras.Model` that is not compiled.

    Raises:
        ValueError: If Keras cannot rebuild the model.

    Example:

    >>> encoder = keras_ssl.backbones.small_cnn((8, 8, 1))
    >>> copy = copied(encoder)
    >>> bool(np.all(copy.get_weights()[0] == encoder.get_weights()[0]))
    True
    """
    copy = rebuilt(model)
    for layer, layer_copy in zip(model._flatten_layers(), copy._flatten_layers(), strict=True):
        # As when a file is loaded, and not by set_weights: layers such as Normalization complete their state there.
        state = {}
        layer.save_own_variables(state)
        layer_copy.load_own_variables(state)
    return copy
