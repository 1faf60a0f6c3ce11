import keras
import tensorflow as tf


def freezable_value(weight: keras.Variable, frozen: bool | tf.Tensor) -> tf.Tensor:
    """Value of a weight, without a gradient while it is frozen.

    For layers that are frozen during the first steps of training. `frozen` can depend on a step counter inside the
    graph; `trainable = False` would freeze the layer in all steps.

    Args:
        weight: A `keras.Variable`.
        frozen: Boolean or scalar boolean tensor.

    Returns:
        Tensor of the weight's shape.
    """
    value = tf.convert_to_tensor(weight)
    return tf.where(frozen, tf.stop_gradient(value), value)
