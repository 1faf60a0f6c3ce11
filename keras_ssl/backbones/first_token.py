import keras


@keras.saving.register_keras_serializable("keras_ssl")
class FirstToken(keras.layers.Layer):
    """The first of a transformer's tokens, where its class token stands.

    Call arguments:
        tokens: Tensor of shape `(batch, tokens, channels)`.

    Example:

    >>> FirstToken()(np.zeros((2, 197, 384))).shape
    TensorShape([2, 384])
    """

    def call(self, tokens):
        """Return the first token, `(batch, channels)`."""
        return tokens[:, 0]

    def compute_output_shape(self, input_shape):
        """Shape `(batch, channels)`."""
        return (input_shape[0], input_shape[2])
