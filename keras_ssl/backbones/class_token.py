import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("keras_ssl")
class ClassToken(keras.layers.Layer):
    """Puts a learned token before all others, which belongs to no patch and can speak for the image.

    Call arguments:
        tokens: Tensor of shape `(batch, tokens, channels)`.

    Example:

    >>> ClassToken()(np.zeros((2, 64, 192))).shape
    TensorShape([2, 65, 192])

    Reference:

    - [Dosovitskiy et al., 2020](https://arxiv.org/abs/2010.11929), section 3.1
    """

    def build(self, input_shape):
        """Create the token."""
        self.token = self.add_weight(
            name="token",
            shape=(1, 1, input_shape[-1]),
            initializer=keras.initializers.RandomNormal(stddev=0.02),  # as in BERT, DeiT and MAE
        )

    def call(self, tokens):
        """Return `(batch, 1 + tokens, channels)`."""
        first = tf.broadcast_to(self.token, (tf.shape(tokens)[0], 1, tokens.shape[2]))
        return tf.concat([first, tokens], axis=1)

    def compute_output_shape(self, input_shape):
        """Shape `(batch, 1 + tokens, channels)`."""
        batch, tokens, channels = input_shape
        return (batch, None if tokens is None else 1 + tokens, channels)
