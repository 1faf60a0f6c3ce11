import keras
import tensorflow as tf


class TiedDense(keras.layers.Layer):
    """A dense layer that runs another one backwards: its kernel is the other's, transposed, its bias its own.

    Args:
        dense: a built `keras.layers.Dense`, whose kernel is used and stays its own.
        activation: as for `keras.layers.Dense`.
        **kwargs: Base layer arguments.

    Call arguments:
        inputs: Tensor of shape `(batch, units of dense)`.

    Example:

    >>> dense = keras.layers.Dense(3)
    >>> dense.build((None, 5))
    >>> TiedDense(dense)(np.zeros((2, 3))).shape
    TensorShape([2, 5])
    """

    def __init__(self, dense, activation=None, **kwargs):
        super().__init__(**kwargs)
        # Behind a function Keras does not track the kernel: it would save and update it twice.
        self._kernel = lambda: dense.kernel
        self.units = int(dense.kernel.shape[0])
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        """Make the bias."""
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")

    def call(self, inputs):
        """Map the other layer's outputs back to its inputs."""
        kernel = tf.cast(tf.convert_to_tensor(self._kernel()), self.compute_dtype)
        return self.activation(tf.matmul(inputs, kernel, transpose_b=True) + tf.cast(self.bias, self.compute_dtype))

    def compute_output_shape(self, input_shape):
        """Shape `(batch, inputs of dense)`."""
        return (*input_shape[:-1], self.units)
