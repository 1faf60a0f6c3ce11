import tensorflow as tf

from keras_ssl import distribute
from keras_ssl.losses.boxes import giou
from keras_ssl.losses.multi_task import labelled_mean
from keras_ssl.losses.sigmoid_focal import sigmoid_focal


def fcos(
    logits: tf.Tensor,
    distances: tf.Tensor,
    centerness_logits: tf.Tensor,
    true_classes: tf.Tensor,
    true_distances: tf.Tensor,
) -> dict[str, tf.Tensor]:
    """Losses of the anchor-free detector FCOS, which predicts a box at every location of its feature maps.

    A location that belongs to an object predicts the object's class, the distances to the four sides of its box, and
    the centerness of the location in the box. With N the number of these locations (Tian et al. 2019, "FCOS: Fully
    Convolutional One-Stage Object Detection", https://arxiv.org/abs/1904.01355, equations 2 and 3):

        class       Σ FL / N                    over all locations; the focal loss
        box         Σ c · (1 − GIoU) / Σ c      over locations with an object, by their centerness c
        centerness  Σ BCE(c) / N                over locations with an object

    GIoU in place of the paper's IoU, and the weights c, are those of the authors' later code
    (https://github.com/tianzhi0549/FCOS). On several replicas N and Σ c are those of the global batch: the
    losses of the replicas, each weighted by its share of the images, add up to those of one device.

    Args:
        logits: Float tensor of shape `(batch, locations, classes)`.
        distances: Positive float tensor of shape `(batch, locations, 4)`, to (top, left, bottom, right), in any unit.
        centerness_logits: Float tensor of shape `(batch, locations)`.
        true_classes: Integer tensor of shape `(batch, locations)`, -1 for locations without an object.
        true_distances: Float tensor of shape `(batch, locations, 4)`, in the same unit; any value where there is
            no object.

    Returns:
        Dict of float32 scalars, `"class_loss"`, `"box_loss"` and `"centerness_loss"`. Without objects the last two
        are 0.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> losses = keras_ssl.losses.fcos(
    ...     logits=tf.zeros((1, 2, 3)),
    ...     distances=tf.ones((1, 2, 4)),
    ...     centerness_logits=tf.zeros((1, 2)),
    ...     true_classes=[[0, -1]],
    ...     true_distances=tf.ones((1, 2, 4)),
    ... )
    >>> round(float(losses["box_loss"]), 3)
    0.0
    """
    logits = tf.cast(logits, tf.float32)
    true_classes = tf.convert_to_tensor(true_classes)
    is_object = true_classes >= 0
    weights = tf.where(is_object, 1.0, 0.0)
    distances, true_distances = (
        tf.where(is_object[..., tf.newaxis], tf.cast(sides, tf.float32), 1.0) for sides in (distances, true_distances)
    )
    center = centerness(true_distances)
    objects = tf.maximum(distribute.total(tf.reduce_sum(weights)), 1.0)
    class_loss = tf.reduce_sum(sigmoid_focal(tf.one_hot(true_classes, logits.shape[-1]), logits))
    center_loss = tf.nn.sigmoid_cross_entropy_with_logits(center, tf.cast(centerness_logits, tf.float32))
    box_loss = 1 - giou(_around_origin(true_distances), _around_origin(distances))
    return {
        "class_loss": class_loss / objects / distribute.share(tf.shape(logits)[0]).weight,
        "box_loss": labelled_mean(box_loss, weights * center),
        "centerness_loss": labelled_mean(center_loss, weights),
    }


def centerness(distances: tf.Tensor) -> tf.Tensor:
    """Centerness of a location in a box: 1 in the middle, 0 on the sides (FCOS, equation 3).

        √( min(left, right) / max(left, right) · min(top, bottom) / max(top, bottom) )

    Args:
        distances: Float tensor of shape `(…, 4)`, to (top, left, bottom, right), none below 0.

    Returns:
        Float32 tensor of shape `(…)` in `[0, 1]`. It is a target and has no gradient.

    Example:

    >>> import keras_ssl
    >>> float(keras_ssl.losses.centerness([1.0, 1.0, 1.0, 4.0]))
    0.5
    """
    distances = tf.cast(distances, tf.float32)
    top_left, bottom_right = tf.split(distances, 2, axis=-1)
    shares = tf.math.divide_no_nan(tf.minimum(top_left, bottom_right), tf.maximum(top_left, bottom_right))
    return tf.stop_gradient(tf.sqrt(tf.reduce_prod(shares, axis=-1)))


def _around_origin(distances):
    """The box (top, left, bottom, right) around a location at 0."""
    top_left, bottom_right = tf.split(distances, 2, axis=-1)
    return tf.concat([-top_left, bottom_right], axis=-1)
