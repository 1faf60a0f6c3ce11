import keras

from keras_ssl.backbones.checks import check_count
from keras_ssl.backbones.class_token import ClassToken
from keras_ssl.backbones.self_attention import SelfAttention

MLP_RATIO = 4  # Vaswani et al., 2017, section 3.3; ViT, DeiT and MAE keep it.
EPSILON = 1e-6  # ViT's and MAE's code; Keras' 1e-3 would be a fair part of a small token's variance.


def transformer(width, depth, heads, class_token=False, name="transformer"):
    """Pre-norm transformer blocks on tokens of any number, with a layer normalization at the end.

    The encoder of a vision transformer behind its patches, and MAE's decoder. The layers of block `i`, from 1, are
    named `"block{i}_…"`.

    Args:
        width: Integer > 0: the channels of a token.
        depth: Integer > 0: blocks.
        heads: Integer > 0 that divides the width: heads of each block's attention.
        class_token: Boolean: whether a learned token is put before the others. Defaults to `False`.
        name: String. Defaults to `"transformer"`.

    Returns:
        A `keras.Model` from tokens `(batch, tokens, width)` to tokens of the same shape, or one token more.

    Raises:
        ValueError: If a size is not a positive integer, or the heads do not divide the width.

    Example:

    >>> model = transformer(width=192, depth=2, heads=3, class_token=True)
    >>> model(np.zeros((2, 16, 192))).shape
    TensorShape([2, 17, 192])

    Reference:

    - [Dosovitskiy et al., 2020](https://arxiv.org/abs/2010.11929), equations 2 to 4
    """
    for argument, value in {"width": width, "depth": depth, "heads": heads}.items():
        check_count(argument, value)
    tokens = keras.Input((None, width), name="tokens")
    x = ClassToken(name="class_token")(tokens) if class_token else tokens
    for index in range(1, depth + 1):
        x = _block(x, heads, f"block{index}")
    return keras.Model(tokens, _norm("norm")(x), name=name)


def _block(x, heads, name):
    y = _norm(f"{name}_attention_norm")(x)
    y = SelfAttention(heads, name=f"{name}_attention")(y)
    x = keras.layers.Add(name=f"{name}_attention_add")([x, y])
    y = _norm(f"{name}_mlp_norm")(x)
    y = keras.layers.Dense(MLP_RATIO * x.shape[-1], activation="gelu", name=f"{name}_mlp_hidden")(y)
    y = keras.layers.Dense(x.shape[-1], name=f"{name}_mlp_output")(y)
    return keras.layers.Add(name=f"{name}_mlp_add")([x, y])


def _norm(name):
    return keras.layers.LayerNormalization(epsilon=EPSILON, name=name)
