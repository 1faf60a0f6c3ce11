import math

import keras

from keras_ssl.checks.arguments import check_count

# So that a new head says "object" at one location in a hundred, and the background does not swamp the first steps
# (RetinaNet, https://arxiv.org/abs/1708.02002, section 4.1).
PRIOR = 0.01
GROUPS = 16


def fcos_head(input_dim: int, classes: int, width: int = 64, depth: int = 2, name: str = "fcos_head") -> keras.Model:
    """The head of FCOS: at each location of a feature map, classes, distances to a box's sides, and centerness.

    Two towers of 3 × 3 convolutions with group normalization and ReLU, one for the classes, one for the box and the
    centerness; the same weights for all levels of a pyramid.

    Args:
        input_dim: Integer > 0: channels of the map.
        classes: Integer > 0.
        width: Integer > 0, a multiple of 16: channels of the towers. Defaults to `64`; the paper has 256.
        depth: Integer > 0: convolutions in each tower. Defaults to `2`; the paper has 4.
        name: String. Defaults to `"fcos_head"`.

    Returns:
        A `keras.Model` from a map `(batch, height, width, input_dim)` to a list of three float32 maps: logits
        `(batch, height, width, classes)`, distances `(…, 4)` before the exponential, and centerness logits `(…, 1)`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> head = keras_ssl.heads.fcos_head(input_dim=32, classes=3)
    >>> [output.shape for output in head(np.zeros((1, 6, 8, 32)))]
    [TensorShape([1, 6, 8, 3]), TensorShape([1, 6, 8, 4]), TensorShape([1, 6, 8, 1])]

    Reference:

    - [Tian et al., 2019](https://arxiv.org/abs/1904.01355), figure 2 and section 4
    """
    for argument, value in {"input_dim": input_dim, "classes": classes, "width": width, "depth": depth}.items():
        check_count(argument, value)
    if width % GROUPS:
        raise ValueError(f"width must be a multiple of {GROUPS}, the groups of the normalization. Received: {width=}")
    features = keras.Input((None, None, input_dim), name="features")
    class_tower = _tower(features, width, depth, "class")
    box_tower = _tower(features, width, depth, "box")
    prior = keras.initializers.Constant(-math.log((1 - PRIOR) / PRIOR))
    outputs = [
        _output(class_tower, classes, "class_logits", prior),
        _output(box_tower, 4, "distances", "zeros"),
        _output(box_tower, 1, "centerness_logits", "zeros"),
    ]
    return keras.Model(features, outputs, name=name)


def _tower(x, width, depth, name):
    for index in range(1, depth + 1):
        x = keras.layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"{name}_{index}_conv")(x)
        x = keras.layers.GroupNormalization(GROUPS, name=f"{name}_{index}_norm")(x)
        x = keras.layers.ReLU(name=f"{name}_{index}")(x)
    return x


def _output(x, channels, name, bias):
    # A deviation of 0.01 as in the paper's code, so that all locations begin alike.
    small = keras.initializers.RandomNormal(stddev=0.01)
    return keras.layers.Conv2D(
        channels, 3, padding="same", kernel_initializer=small, bias_initializer=bias, dtype="float32", name=name
    )(x)
