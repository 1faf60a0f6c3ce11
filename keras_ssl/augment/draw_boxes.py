import tensorflow as tf

from keras_ssl.augment.random_image_layer import between

# As in torchvision: a box that does not fit is drawn again, ten times in all.
ATTEMPTS = 10


def draw_boxes(
    uniform: tf.Tensor, image_size: tf.Tensor, scale: tuple[float, float], ratio: tuple[float, float]
) -> tuple[tf.Tensor, tf.Tensor]:
    """Draw a random box inside each image: the first of ten candidates that fits.

    Args:
        uniform: Float tensor of shape `(batch, 2 * ATTEMPTS + 2)`, in `[0, 1)`.
        image_size: Float tensor of shape `(2,)`. Height and width of the images.
        scale: Pair of floats. Interval of the share of the image's area, which is uniform.
        ratio: Pair of floats. Interval of width / height, which is log-uniform.

    Returns:
        boxes: Float tensor of shape `(batch, 4)`. Top, left, height and width in pixels.
        fits: Boolean tensor of shape `(batch,)`. False where no candidate fits; the box is then the largest
            centered one within `ratio`.
    """
    height, width = tf.unstack(image_size)
    areas, ratios, position = tf.split(uniform, (ATTEMPTS, ATTEMPTS, 2), axis=1)
    areas = height * width * between(scale, areas)
    ratios = tf.exp(between(tf.math.log(ratio), ratios))
    sizes = tf.stack((tf.sqrt(areas / ratios), tf.sqrt(areas * ratios)), axis=2)
    fitting = tf.reduce_all(sizes <= image_size, axis=2)
    fits = tf.reduce_any(fitting, axis=1)

    first = tf.argmax(fitting, axis=1)
    size = tf.gather(sizes, first, axis=1, batch_dims=1)
    nearest = tf.clip_by_value(width / height, *ratio)
    largest = tf.stack((tf.minimum(height, width / nearest), tf.minimum(width, height * nearest)))
    size = tf.where(fits[:, tf.newaxis], size, largest)
    corner = (image_size - size) * tf.where(fits[:, tf.newaxis], position, 0.5)
    return tf.concat((corner, size), axis=1), fits
