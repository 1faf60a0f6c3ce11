import tensorflow as tf


def dino(
    student_logits: tf.Tensor,
    teacher_logits: tf.Tensor,
    center: tf.Tensor,
    student_temperature: float = 0.1,
    teacher_temperature: float | tf.Tensor = 0.04,
) -> tf.Tensor:
    """DINO loss: cross-entropy of the student's output with the centered and sharpened output of the teacher.

    With t and s the logits, c the center and τ the temperatures (Caron et al. 2021, "Emerging Properties in
    Self-Supervised Vision Transformers", https://arxiv.org/abs/2104.14294, equation 2 and algorithm 1):

        ℓ = -Σ_k softmax((t - c) / τ_t)_k log softmax(s / τ_s)_k

    averaged over the batch, of one teacher view against one student view; the paper averages over all pairs of
    different views. No gradient passes to the teacher or the center.

    Args:
        student_logits: Float tensor of shape `(batch, dim)`.
        teacher_logits: Float tensor of shape `(batch, dim)`; row i shows the same image as row i of `student_logits`.
        center: Float tensor of shape `(dim,)` or `(1, dim)`: a moving average of the teacher's logits, which keeps
            one dimension from winning for all images.
        student_temperature: Float > 0. Defaults to `0.1`.
        teacher_temperature: Float > 0, or a scalar tensor while it warms up. Lower than the student's: it sharpens,
            which keeps the dimensions from all being equal. Defaults to `0.04`.

    Returns:
        Float32 scalar of at least 0; log(dim) where the student's logits are equal.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> student, teacher = tf.random.normal((2, 8, 16))
    >>> loss = keras_ssl.losses.dino(student, teacher, center=tf.reduce_mean(teacher, axis=0))
    """
    centered = tf.cast(teacher_logits, tf.float32) - tf.cast(center, tf.float32)
    targets = tf.stop_gradient(tf.nn.softmax(centered / teacher_temperature))
    logarithms = tf.nn.log_softmax(tf.cast(student_logits, tf.float32) / student_temperature)
    return -tf.reduce_mean(tf.reduce_sum(targets * logarithms, axis=-1))
