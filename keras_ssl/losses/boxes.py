"""Overlap and distance of boxes. A box is (top, left, bottom, right), y before x, as in `tf.image`."""

import keras
import tensorflow as tf

# As in the official code of Faster R-CNN (https://github.com/rbgirshick/py-faster-rcnn, sigma = 3). Fast R-CNN has 1.
# In relative coordinates that is the size of the whole image, so the loss would be half the squared error everywhere.
BETA = 1 / 9


def box_iou(boxes: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """Intersection over union (IoU) of pairs of boxes.

    Args:
        boxes: Float tensor of shape `(…, 4)` of boxes (top, left, bottom, right), of any unit.
        others: Float tensor of the same shape.

    Returns:
        Float32 tensor of shape `(…)` in `[0, 1]`, one number for each pair of boxes; 0 if both have no area.

    Example:

    >>> import keras_ssl
    >>> keras_ssl.losses.box_iou([[0.0, 0.0, 1.0, 1.0]], [[0.0, 0.5, 1.0, 1.0]]).numpy().tolist()
    [0.5]
    """
    shared, covered = _shared_and_covered(*_float32(boxes, others))
    return tf.math.divide_no_nan(shared, covered)


def giou(boxes: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """Generalized intersection over union (GIoU), which also measures how far apart disjoint boxes are.

    With C the smallest box that holds both (Rezatofighi et al. 2019, "Generalized Intersection over Union",
    https://arxiv.org/abs/1902.09630, algorithm 1):

        GIoU = |A ∩ B| / |A ∪ B| − |C \\ (A ∪ B)| / |C|

    The loss is 1 − GIoU (algorithm 2). Disjoint boxes get a gradient too, because C depends on their distance.

    Args:
        boxes: Float tensor of shape `(…, 4)` of boxes (top, left, bottom, right), of any unit.
        others: Float tensor of the same shape.

    Returns:
        Float32 tensor of shape `(…)` in `[-1, 1]`, one number for each pair of boxes: 1 for equal ones.

    Example, two unit squares with one more between them:

    >>> import keras_ssl
    >>> a, b = [[0.0, 0.0, 1.0, 1.0]], [[0.0, 2.0, 1.0, 3.0]]
    >>> round(float(keras_ssl.losses.giou(a, b)[0]), 3)  # a third of the smallest box around both is empty
    -0.333
    """
    boxes, others = _float32(boxes, others)
    shared, covered = _shared_and_covered(boxes, others)
    top_left = tf.minimum(boxes[..., :2], others[..., :2])
    bottom_right = tf.maximum(boxes[..., 2:], others[..., 2:])
    hull = _area(top_left, bottom_right)
    return tf.math.divide_no_nan(shared, covered) - tf.math.divide_no_nan(hull - covered, hull)


def _shared_and_covered(boxes, others):
    """The areas of the intersection and of the union."""
    top_left = tf.maximum(boxes[..., :2], others[..., :2])
    bottom_right = tf.minimum(boxes[..., 2:], others[..., 2:])
    shared = _area(top_left, bottom_right)
    return shared, _area(boxes[..., :2], boxes[..., 2:]) + _area(others[..., :2], others[..., 2:]) - shared


def _area(top_left, bottom_right):
    height, width = tf.unstack(tf.nn.relu(bottom_right - top_left), axis=-1)
    return height * width


def _float32(*tensors):
    return [tf.cast(tensor, tf.float32) for tensor in tensors]


def smooth_l1(targets: tf.Tensor, predictions: tf.Tensor) -> tf.Tensor:
    """Smooth L1 loss: squared error for small differences, absolute error for large ones, against outliers.

    For a difference d (Girshick 2015, "Fast R-CNN", https://arxiv.org/abs/1504.08083, equation 3, where β is 1):

        d² / 2β  where |d| < β,  |d| − β / 2  elsewhere,  with β = 1 / 9

    Args:
        targets: Float tensor of shape `(…, numbers)`, such as boxes in relative coordinates.
        predictions: Float tensor of the same shape.

    Returns:
        Float32 tensor of shape `(…)`, the mean over the numbers.

    Example:

    >>> import keras_ssl
    >>> loss = keras_ssl.losses.smooth_l1([[0.0, 0.0]], [[0.5, -0.5]])
    >>> round(float(loss[0]), 3)
    0.444
    """
    return keras.losses.huber(tf.cast(targets, tf.float32), tf.cast(predictions, tf.float32), delta=BETA) / BETA
