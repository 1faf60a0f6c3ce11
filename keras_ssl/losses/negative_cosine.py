import tensorflow as tf

from keras_ssl.losses.similarity import directions


def negative_cosine(prediction: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Loss of BYOL and SimSiam: the negative cosine of the prediction from one view and the target from the other.

    With p the prediction and z the target (Chen and He 2020, "Exploring Simple Siamese Representation Learning",
    https://arxiv.org/abs/2011.10566, equation 1):

        ℓ = -(p / ‖p‖)·(z / ‖z‖)

    averaged over the batch. BYOL's loss (Grill et al. 2020, https://arxiv.org/abs/2006.07733, equation 2) is
    2 + 2ℓ. Both papers stop the gradient of the target. This function does not: pass `tf.stop_gradient(target)`.

    Args:
        prediction: Float tensor of shape `(batch, dim)`. Normalized here, and so is the target.
        target: Float tensor of shape `(batch, dim)`.

    Returns:
        Float32 scalar in `[-1, 1]`.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> prediction, target = tf.random.normal((8, 16)), tf.random.normal((8, 16))
    >>> loss = keras_ssl.losses.negative_cosine(prediction, tf.stop_gradient(target))
    """
    return -tf.reduce_mean(tf.reduce_sum(directions(prediction) * directions(target), axis=-1))
