import keras


@keras.saving.register_keras_serializable("keras_ssl")
class ApplicationsPreprocessing(keras.layers.Layer):
    """The `preprocess_input` of a model family of `keras.applications`, as a layer that can be saved.

    Args:
        family: String: the family's module, e.g. `"resnet_v2"` for `keras.applications.resnet_v2.preprocess_input`.
        **kwargs: Base layer arguments. `dtype` is float32 under every policy, unless given.

    Call arguments:
        images: Tensor of shape `(batch, height, width, 3)`, raw pixels in `[0, 255]`.

    Raises:
        ValueError: If `keras.applications` has no such family.

    Example:

    >>> layer = ApplicationsPreprocessing("resnet_v2")
    >>> float(keras.ops.max(layer(np.full((1, 2, 2, 3), 255.0))))
    1.0
    """

    def __init__(self, family, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        if family not in families():
            raise ValueError(
                f"keras.applications has preprocess_input for {', '.join(families())}. Received: family={family!r}"
            )
        self.family = family

    def call(self, images):
        """Scale raw pixels as the family's networks expect them."""
        return getattr(keras.applications, self.family).preprocess_input(images, data_format="channels_last")

    def compute_output_shape(self, input_shape):
        """Shape of the input, unchanged."""
        return input_shape

    def get_config(self):
        """Return what rebuilds the layer."""
        return {**super().get_config(), "family": self.family}


def families():
    """Names of the modules of `keras.applications` that have a `preprocess_input`."""
    return sorted(name for name, module in vars(keras.applications).items() if hasattr(module, "preprocess_input"))
