import keras

from keras_ssl.checks.arguments import check_count
from keras_ssl.layers.blocks import batch_norm_layer, dense_batch_norm_relu


def projection_head(
    input_dim: int,
    hidden_units: int | None = None,
    output_units: int = 128,
    layers: int = 2,
    output_batch_norm: bool = True,
    synchronized: bool = False,
    name: str = "projection_head",
) -> keras.Sequential:
    """Projection head: the multilayer perceptron between the features and the loss.

    The defaults are SimCLR's: one hidden layer as wide as the features (2048 for a ResNet-50, 512 for a ResNet-18),
    batch normalization and ReLU, and a linear map without bias to 128 dimensions (section 2.1 of the paper). As in
    its code, another batch normalization follows, with a scale but no shift. Computes in the dtype policy, except the
    output layer: its float32 reaches the loss under every policy.

    Args:
        input_dim: Integer > 0. Number of features.
        hidden_units: Integer > 0. Width of the hidden layers. Defaults to `None`: `input_dim`.
        output_units: Integer > 0. Dimensions of the projection. Defaults to `128`.
        layers: Integer > 0. Number of dense layers, the output layer included. SimCLR has 2 (version 2 has 3), Barlow
            Twins and VICReg 3, and 1 is a linear projection. Defaults to `2`.
        output_batch_norm: Boolean. Whether to batch-normalize the output: yes in SimCLR's code and SimSiam, no in
            BYOL, Barlow Twins and VICReg. Defaults to `True`.
        synchronized: Boolean. Whether to compute batch statistics over all replicas. Defaults to `False`.
        name: String. Name of the model. Defaults to `"projection_head"`.

    Returns:
        A built `keras.Sequential` from `(batch, input_dim)` to float32 `(batch, output_units)`.

    Raises:
        ValueError: If a size is not a positive integer.

    Example:

    >>> head = keras_ssl.heads.projection_head(512)
    >>> head.output_shape
    (None, 128)

    Reference:

    - [Chen et al., 2020](https://arxiv.org/abs/2002.05709), section 2.1, and
      [its code](https://github.com/google-research/simclr)
    """
    hidden_units = input_dim if hidden_units is None else hidden_units
    return _head(input_dim, hidden_units, output_units, layers, output_batch_norm, synchronized, name)


def prediction_head(
    input_dim: int,
    hidden_units: int = 4096,
    output_units: int | None = None,
    layers: int = 2,
    synchronized: bool = False,
    name: str = "prediction_head",
) -> keras.Sequential:
    """Prediction head: the multilayer perceptron that predicts one view's projection from the other's.

    The defaults are BYOL's at ImageNet scale: 4096 hidden units with batch normalization and ReLU, then a linear map
    back to the projection's 256 dimensions, without bias or normalization (section 3.2 of the paper, and its code).
    SimSiam's is `prediction_head(2048, hidden_units=512)`.

    Args:
        input_dim: Integer > 0. Dimensions of the projection.
        hidden_units: Integer > 0. Width of the hidden layers. Defaults to `4096`.
        output_units: Integer > 0. Dimensions of the predicted projection. Defaults to `None`: `input_dim`.
        layers: Integer > 0. Number of dense layers, the output layer included. Defaults to `2`.
        synchronized: Boolean. Whether to compute batch statistics over all replicas. Defaults to `False`.
        name: String. Name of the model. Defaults to `"prediction_head"`.

    Returns:
        A built `keras.Sequential` from `(batch, input_dim)` to float32 `(batch, output_units)`.

    Raises:
        ValueError: If a size is not a positive integer.

    Example:

    >>> head = keras_ssl.heads.prediction_head(256)
    >>> head.output_shape
    (None, 256)

    Reference:

    - [Grill et al., 2020](https://arxiv.org/abs/2006.07733), section 3.2
    """
    output_units = input_dim if output_units is None else output_units
    # The prefix lets an optimizer distinguish these layers from a projector's, because a loaded model no longer has
    # its name in the paths of its weights.
    return _head(input_dim, hidden_units, output_units, layers, False, synchronized, name, prefix="prediction_")


def distillation_head(
    input_dim: int,
    hidden_units: int = 2048,
    output_units: int = 256,
    layers: int = 3,
    batch_norm: bool = False,
    synchronized: bool = False,
    name: str = "distillation_head",
) -> keras.Sequential:
    """DINO's head up to its bottleneck: a multilayer perceptron with outputs of length 1.

    Dense layers with GELU, and a narrow linear layer with normalized outputs; `WeightNormDense` follows. The defaults
    are the paper's. There is no batch normalization, so that with a vision transformer there is none at all. Computes
    in the dtype policy, except the output layer, which is float32.

    Args:
        input_dim: Integer > 0. Number of features.
        hidden_units: Integer > 0. Width of the hidden layers. Defaults to `2048`.
        output_units: Integer > 0. Dimensions of the bottleneck. Defaults to `256`.
        layers: Integer > 0. Number of dense layers, the bottleneck included. Defaults to `3`.
        batch_norm: Boolean. Whether hidden layers have batch normalization and ReLU instead of GELU; small
            convolutional networks learn faster with them. Defaults to `False`.
        synchronized: Boolean. Whether to compute batch statistics over all replicas. Defaults to `False`.
        name: String. Name of the model. Defaults to `"distillation_head"`.

    Returns:
        A built `keras.Sequential` from `(batch, input_dim)` to float32 `(batch, output_units)`, rows of length 1.

    Raises:
        ValueError: If a size is not a positive integer.

    Example:

    >>> head = keras_ssl.heads.distillation_head(512)
    >>> head.output_shape
    (None, 256)

    Reference:

    - [Caron et al., 2021](https://arxiv.org/abs/2104.14294), appendix C, and
      [its code](https://github.com/facebookresearch/dino)
    """
    _check_sizes(input_dim=input_dim, hidden_units=hidden_units, output_units=output_units, layers=layers)
    stack = [keras.Input((int(input_dim),), name="features")]
    for index in range(1, layers):
        if batch_norm:
            stack += dense_batch_norm_relu(hidden_units, f"hidden{index}", synchronized=synchronized)
        else:
            stack.append(keras.layers.Dense(hidden_units, activation="gelu", name=f"hidden{index}"))
    stack.append(keras.layers.Dense(output_units, dtype="float32", name="bottleneck"))
    stack.append(keras.layers.UnitNormalization(dtype="float32", name="unit_length"))
    return keras.Sequential(stack, name=name)


def _head(input_dim, hidden_units, output_units, layers, output_batch_norm, synchronized, name, prefix=""):
    _check_sizes(input_dim=input_dim, hidden_units=hidden_units, output_units=output_units, layers=layers)
    stack = [keras.Input((int(input_dim),), name="features")]
    for index in range(1, layers):
        stack += dense_batch_norm_relu(hidden_units, f"{prefix}hidden{index}", synchronized=synchronized)
    stack.append(keras.layers.Dense(output_units, use_bias=False, dtype="float32", name=f"{prefix}output_dense"))
    if output_batch_norm:
        # Without a shift, which would be the same for all images and cancel in their differences.
        stack.append(batch_norm_layer(f"{prefix}output_bn", synchronized=synchronized, center=False, dtype="float32"))
    return keras.Sequential(stack, name=name)


def _check_sizes(**sizes):
    for argument, value in sizes.items():
        check_count(argument, value)
