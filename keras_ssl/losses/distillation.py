import tensorflow as tf


def distillation(
    student_logits: tf.Tensor,
    teacher_logits: tf.Tensor,
    temperature: float = 1.0,
    labels: tf.Tensor | None = None,
    label_weight: float = 0.0,
) -> tf.Tensor:
    """Distillation loss: the student predicts the teacher's class probabilities; labels are optional.

    With s and t the logits and τ the temperature (Chen et al. 2020, "Big Self-Supervised Models are Strong
    Semi-Supervised Learners", https://arxiv.org/abs/2006.10029, equation 2), for an image x:

        ℓ(x) = -Σ_y P_t(y | x; τ) log P_s(y | x; τ),    P(y | x; τ) = exp(f(x)_y / τ) / Σ_y' exp(f(x)_y' / τ)

    and where some images have a label y(x), with the weight λ of labels (equation 3, whose α is 1 - λ):

        ℓ(x) = -λ [x has a label] log P_s(y(x) | x; 1) - (1 - λ) Σ_y P_t(y | x; τ) log P_s(y | x; τ)

    averaged over the batch. No gradient passes to the teacher.

    Args:
        student_logits: Float tensor of shape `(batch, classes)`.
        teacher_logits: Float tensor of shape `(batch, classes)`: logits or log-probabilities, which differ only
            by a constant.
        temperature: Float > 0. Above 1 it gives more weight to the less probable classes. Defaults to `1.0`.
        labels: Optional integer tensor of shape `(batch,)`: -1 for an image without one.
        label_weight: Float λ in `[0, 1]`. Defaults to `0.0`: labels are not used.

    Returns:
        Float32 scalar of at least 0; with λ = 0 the entropy of the teacher's classes where the student agrees.

    Raises:
        ValueError: If `label_weight` is not 0 and there are no labels.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> student, teacher = tf.random.normal((2, 8, 10))
    >>> unlabelled = keras_ssl.losses.distillation(student, teacher, temperature=2.0)
    >>> labels = [3, -1, -1, 7, -1, 0, -1, -1]
    >>> mixed = keras_ssl.losses.distillation(student, teacher, labels=labels, label_weight=0.5)
    """
    student_logits = tf.cast(student_logits, tf.float32)
    teacher_logits = tf.stop_gradient(tf.cast(teacher_logits, tf.float32))
    imitation = tf.nn.softmax_cross_entropy_with_logits(
        tf.nn.softmax(teacher_logits / temperature), student_logits / temperature
    )
    if label_weight == 0:
        return tf.reduce_mean(imitation)
    if labels is None:
        raise ValueError(
            "label_weight needs labels, with -1 for an image without one. Pass labels, or leave label_weight=0. "
            f"Received: labels=None, label_weight={label_weight}"
        )
    labels = tf.cast(labels, tf.int32)
    # Class 0 stands in for a missing label; its loss is discarded below.
    known = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.maximum(labels, 0), student_logits)
    known = tf.where(labels >= 0, known, 0.0)
    return tf.reduce_mean(label_weight * known + (1.0 - label_weight) * imitation)
