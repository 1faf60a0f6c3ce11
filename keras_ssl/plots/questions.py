from keras_ssl.checks.images import check_image_array
from keras_ssl.plots.image_grid import grid_of_columns


def questions(method, images):
    """What a method asks about images, beside each: its four rotations, its tiles and their order.

    Look at this before training: a question that you cannot answer either teaches the encoder nothing.

    Args:
        method: a `keras_ssl.RotationPrediction` or `Jigsaw`, or anything else with `questions(images)`.
        images: array (n, height, width, channels), raw pixels in [0, 255]; a row for each.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: when `images` are none.

    Example:

    >>> images = np.random.uniform(0, 255, (4, 32, 32, 3))
    >>> method = keras_ssl.Jigsaw(keras_ssl.backbones.small_cnn((32, 32, 3)), permutations=30)
    >>> figure = keras_ssl.plots.questions(method, images)
    >>> figure.savefig("questions.png")
    """
    images = check_image_array(images, "images")
    return grid_of_columns({"image": images, **method.questions(images)})
