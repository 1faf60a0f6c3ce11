import tensorflow as tf

from keras_ssl.augment.image_mean import image_mean

# ITU-R BT.601, as in Pillow, torchvision and tf.image.
LUMA = (0.299, 0.587, 0.114)


def jitter_colors(
    images: tf.Tensor,
    brightness: tf.Tensor,
    contrast: tf.Tensor,
    saturation: tf.Tensor,
    hue: tf.Tensor,
    gray: tf.Tensor,
) -> tf.Tensor:
    """Change brightness, contrast, saturation and hue, and convert to gray, in one pass over the pixels.

    The steps for a pixel `x` in `[0, 255]`, in this order; each result is clipped to that range:

    1. Brightness: `brightness * x`.
    2. Contrast: `mean + contrast * (x - mean)`, where `mean` is the mean of the image's luma (as in torchvision and
       Pillow; `tf.image.adjust_contrast` uses a mean per channel, which also fades a color cast).
    3. Saturation: multiplied by `saturation` in HSV, at most 1, like `tf.image.adjust_saturation`.
    4. Hue: shifted by `hue` in HSV, where 1 is the full circle, like `tf.image.adjust_hue`.
    5. Gray: all channels become the luma.

    Args:
        images: Float tensor of shape `(batch, height, width, 3)`.
        brightness: Float tensor of shape `(batch,)`. Factors >= 0; 1 changes nothing.
        contrast: Float tensor of shape `(batch,)`. Factors >= 0; 1 changes nothing.
        saturation: Float tensor of shape `(batch,)`. Factors >= 0; 1 changes nothing.
        hue: Float tensor of shape `(batch,)`. Shifts; 0 and 1 change nothing.
        gray: Boolean tensor of shape `(batch,)`. Which images become gray.

    Returns:
        Float tensor of shape `(batch, height, width, 3)`.
    """

    def per_image(values):
        return values[:, tf.newaxis, tf.newaxis]

    images = tf.clip_by_value(images * per_image(brightness)[..., tf.newaxis], 0.0, 255.0)
    mean = image_mean(images, LUMA)
    contrast = per_image(contrast)
    offset = (1.0 - contrast) * per_image(mean)
    red, green, blue = (
        tf.clip_by_value(contrast * channel + offset, 0.0, 255.0) for channel in tf.unstack(images, axis=3)
    )

    value = tf.maximum(red, tf.maximum(green, blue))
    chroma = value - tf.minimum(red, tf.minimum(green, blue))
    # The hue in six sectors, counted from red. For a pixel without chroma any value is right.
    inverse = tf.math.divide_no_nan(1.0, chroma)
    sector = tf.where(
        value == red,
        (green - blue) * inverse,
        tf.where(value == green, 2.0 + (blue - red) * inverse, 4.0 + (red - green) * inverse),
    )
    sector += 6.0 * per_image(hue)
    # Full saturation: the chroma equals the value.
    chroma = tf.minimum(chroma * per_image(saturation), value)

    def channel(offset):
        position = offset + sector
        position -= 6.0 * tf.floor(position / 6.0)
        return value - chroma * tf.clip_by_value(tf.minimum(position, 4.0 - position), 0.0, 1.0)

    colors = channel(5.0), channel(3.0), channel(1.0)
    luma = sum(weight * color for weight, color in zip(LUMA, colors, strict=True))
    return tf.stack([tf.where(per_image(gray), luma, color) for color in colors], axis=3)
