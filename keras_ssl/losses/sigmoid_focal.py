import tensorflow as tf


def sigmoid_focal(labels: tf.Tensor, logits: tf.Tensor, alpha: float = 0.25, gamma: float = 2.0) -> tf.Tensor:
    """Focal loss: binary cross-entropy with less weight on examples that are already classified well.

    In detection most examples are background, and easy. With the probability p_t of the right answer and the weight
    α_t, α for objects and 1 − α for the background (Lin et al. 2017, "Focal Loss for Dense Object Detection",
    https://arxiv.org/abs/1708.02002, equation 5):

        FL = −α_t · (1 − p_t)^γ · log(p_t)

    It is computed from logits, which is exact for large ones too; Keras' `binary_focal_crossentropy` clips
    probabilities.

    Args:
        labels: Tensor of any shape and number type, 1 for an object and 0 for none.
        logits: Float tensor of the same shape.
        alpha: Float in `[0, 1]`. Defaults to `0.25`, the paper's.
        gamma: Float of at least 0. 0 is the weighted cross-entropy. Defaults to `2.0`, the paper's.

    Returns:
        Float32 tensor of the same shape.

    Example:

    >>> import keras_ssl
    >>> [round(float(loss), 6) for loss in keras_ssl.losses.sigmoid_focal([1.0, 1.0], [0.0, 4.0])]
    [0.043322, 1e-06]
    """
    labels, logits = tf.cast(labels, tf.float32), tf.cast(logits, tf.float32)
    cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)
    missing = -tf.math.expm1(-cross_entropy)  # 1 − p_t
    return (alpha * labels + (1 - alpha) * (1 - labels)) * missing**gamma * cross_entropy
