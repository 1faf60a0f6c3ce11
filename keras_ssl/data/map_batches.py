from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from keras_ssl.checks.arguments import check_batch_size


def map_batches(function: Callable[[tf.Tensor], tf.Tensor], inputs: Any, batch_size: int = 256) -> np.ndarray:
    """Apply a function to an array of any length, in compiled batches that fit into memory.

    Args:
        function: Function from a tensor of shape `(batch, …)` to another such tensor, which treats each row
            separately.
        inputs: Array or tensor of shape `(n, …)`, n > 0.
        batch_size: Positive integer. Defaults to `256`.

    Returns:
        NumPy array of shape `(n, …)`.

    Raises:
        ValueError: If `inputs` is empty, or `batch_size` is not a positive integer.
    """
    inputs = np.asarray(inputs)
    if inputs.ndim < 1 or not len(inputs):
        raise ValueError(f"`inputs` must have at least one row. Received: inputs.shape={inputs.shape}")
    batch_size = check_batch_size(batch_size)
    batch = tf.TensorSpec((None, *inputs.shape[1:]), inputs.dtype)
    compiled = tf.function(function).get_concrete_function(batch)
    starts = range(0, len(inputs), batch_size)
    parts = (tf.convert_to_tensor(inputs[start : start + batch_size]) for start in starts)
    return np.concatenate([compiled(part).numpy() for part in parts])
