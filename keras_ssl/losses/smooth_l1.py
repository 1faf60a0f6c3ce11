import keras
import tensorflow as tf

# Of the official code of Faster R-CNN (https://github.com/rbgirshick/py-faster-rcnn, sigma = 3). Fast R-CNN's 1 is as
# large as the image in relative coordinates, which would leave half the squared error.
BETA = 1 / 9


def smooth_l1(targets, predictions):
    """Squared error for small differences, absolute error for large ones, so that outliers do not pull too hard.

    For a difference d (Girshick 2015, "Fast R-CNN", https://arxiv.org/abs/1504.08083, equation 3, where β is 1):

        d² / 2β  where |d| < β,  |d| − β / 2  elsewhere,  with β = 1 / 9

    Args:
        targets: (…, numbers) float tensor, such as boxes in relative coordinates.
        predictions: likewise.

    Returns:
        Float32 tensor (…), the mean over the numbers.

    Example:

    >>> import keras_ssl
    >>> loss = keras_ssl.losses.smooth_l1([[0.0, 0.0]], [[0.5, -0.5]])
    >>> round(float(loss[0]), 3)
    0.444
    """
    return keras.losses.huber(tf.cast(targets, tf.float32), tf.cast(predictions, tf.float32), delta=BETA) / BETA
