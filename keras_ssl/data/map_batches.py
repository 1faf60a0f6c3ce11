import numpy as np
import tensorflow as tf

from keras_ssl.checks.arguments import check_batch_size


def map_batches(function, inputs, batch_size=256):
    """Applies a function to an array of any length, in compiled batches that fit into memory.

    Args:
        function: from a tensor (batch, …) to a tensor (batch, …), row by row.
        inputs: array or tensor (n, …), n > 0.
        batch_size: positive int.

    Returns:
        NumPy array (n, …).

    Raises:
        ValueError: for no inputs, or a batch size that is not a positive integer.
    """
    inputs = np.asarray(inputs)
    if inputs.ndim < 1 or not len(inputs):
        raise ValueError(f"There is nothing to compute. Received: an array of shape {inputs.shape}")
    batch_size = check_batch_size(batch_size)
    batch = tf.TensorSpec((None, *inputs.shape[1:]), inputs.dtype)
    compiled = tf.function(function).get_concrete_function(batch)
    starts = range(0, len(inputs), batch_size)
    parts = (tf.convert_to_tensor(inputs[start : start + batch_size]) for start in starts)
    return np.concatenate([compiled(part).numpy() for part in parts])
