from typing import Any

import keras
import tensorflow as tf


class TiedDense(keras.layers.Layer):
    """Dense layer with the transposed kernel of another dense layer, and a bias of its own.

    Args:
        dense: A built `keras.layers.Dense`. It keeps its kernel, which this layer uses too.
        activation: As for `keras.layers.Dense`. Defaults to `None`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of shape `(batch, units of dense)`.

    Example:

    >>> dense = keras.layers.Dense(3)
    >>> dense.build((None, 5))
    >>> TiedDense(dense)(np.zeros((2, 3))).shape
    TensorShape([2, 5])
    """

    def __init__(self, dense: keras.layers.Dense, activation: Any = None, **kwargs):
        super().__init__(**kwargs)
        # The lambda hides the kernel from Keras, which would otherwise save and update it twice.
        self._kernel = lambda: dense.kernel
        self.units = int(dense.kernel.shape[0])
        self.activation = keras.activations.get(activation)

    def build(self, input_shape: tuple) -> None:
        """Create the bias."""
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Map outputs of `dense` back to the size of its inputs."""
        kernel = tf.cast(tf.convert_to_tensor(self._kernel()), self.compute_dtype)
        return self.activation(tf.matmul(inputs, kernel, transpose_b=True) + tf.cast(self.bias, self.compute_dtype))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Return the shape `(batch, inputs of dense)`."""
        return (*input_shape[:-1], self.units)
