import tensorflow as tf


def freezable_value(weight, frozen):
    """The value of a weight, without a gradient while it is frozen.

    For layers that stay as they are for the first steps of a training: a step counter decides, inside the graph,
    what `trainable = False` could only decide for all steps.

    Args:
        weight: A `keras.Variable`.
        frozen: Boolean or scalar boolean tensor.

    Returns:
        Tensor of the weight's shape.
    """
    value = tf.convert_to_tensor(weight)
    return tf.where(frozen, tf.stop_gradient(value), value)
