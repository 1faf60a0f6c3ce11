"""A transformer on tokens, from the patches of an image to the blocks: Dosovitskiy et al., 2020 (ViT)."""

import keras
import numpy as np
import tensorflow as tf

from keras_ssl.checks.arguments import check_count


def to_patches(images, patch_size):
    """Cut images into squares, row by row, and flatten each.

    Args:
        images: Tensor `(batch, height, width, channels)`.
        patch_size: Integer > 0 that divides height and width.

    Returns:
        Tensor `(batch, patches, patch_size * patch_size * channels)` of the same dtype: within a patch row by row,
        the channels of a pixel side by side.

    Example:

    >>> to_patches(np.zeros((2, 32, 32, 3)), 4).shape
    TensorShape([2, 64, 48])
    """
    height, width, channels = images.shape[1:]
    rows, columns = height // patch_size, width // patch_size
    split = tf.reshape(images, (-1, rows, patch_size, columns, patch_size, channels))
    return tf.reshape(tf.transpose(split, (0, 1, 3, 2, 4, 5)), (-1, rows * columns, patch_size**2 * channels))


def from_patches(patches, patch_size, image_shape):
    """Put images together from patches: the inverse of `to_patches`.

    Args:
        patches: Tensor `(batch, patches, patch_size * patch_size * channels)`.
        patch_size: Integer > 0 that divides height and width.
        image_shape: `(height, width, channels)` of an image.

    Returns:
        Tensor `(batch, height, width, channels)` of the same dtype.

    Example:

    >>> from_patches(np.zeros((2, 64, 48)), 4, (32, 32, 3)).shape
    TensorShape([2, 32, 32, 3])
    """
    height, width, channels = image_shape
    split = tf.reshape(patches, (-1, height // patch_size, width // patch_size, patch_size, patch_size, channels))
    return tf.reshape(tf.transpose(split, (0, 1, 3, 2, 4, 5)), (-1, height, width, channels))


# The longest wavelength, as in "Attention Is All You Need" (Vaswani et al., 2017, section 3.5) and in MAE's code.
LONGEST_WAVELENGTH = 10000.0


def sincos_positions(rows, columns, width):
    """Fixed sine-cosine position codes of a grid, row by row.

    The first half encodes the column, the second the row, each by sines and then cosines of `width / 4`
    wavelengths in geometric progression, as MAE's code (`util/pos_embed.py`) has it.

    Args:
        rows: Integer > 0.
        columns: Integer > 0.
        width: Integer > 0, a multiple of 4: the length of a code.

    Returns:
        Float32 array `(rows * columns, width)`.

    Raises:
        ValueError: If `width` is no multiple of 4.

    Example:

    >>> sincos_positions(8, 8, 192).shape
    (64, 192)

    Reference:

    - [He et al., 2021](https://arxiv.org/abs/2111.06377), appendix A.1, and
      [its code](https://github.com/facebookresearch/mae)
    """
    if width % 4:
        raise ValueError(
            "A position code has sines and cosines of row and column, so the width must be a "
            f"multiple of 4. Received: width={width}"
        )
    frequencies = LONGEST_WAVELENGTH ** -np.linspace(0, 1, width // 4, endpoint=False)
    row, column = np.indices((rows, columns)).reshape(2, -1, 1)
    angles = (column * frequencies, row * frequencies)
    return np.concatenate([wave(angle) for angle in angles for wave in (np.sin, np.cos)], axis=1).astype("float32")


@keras.saving.register_keras_serializable("keras_ssl")
class PatchTokens(keras.layers.Layer):
    """Turns each square patch of an image into a token: a linear map of its pixels, plus its position code.

    The same weights serve images of any size that the patches divide.

    Args:
        width: Integer > 0, a multiple of 4: the channels of a token.
        patch_size: Integer > 0: pixels on each side of a patch.
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        images: Tensor of shape `(batch, height, width, channels)`, normalized pixels.

    Raises:
        ValueError: If the patches do not divide the images.

    Example:

    >>> PatchTokens(width=192, patch_size=4)(np.zeros((2, 32, 32, 3))).shape
    TensorShape([2, 64, 192])

    Reference:

    - [Dosovitskiy et al., 2020](https://arxiv.org/abs/2010.11929), section 3.1
    """

    def __init__(self, width: int, patch_size: int, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.patch_size = patch_size
        # Equals a convolution with stride patch_size, but is fast in every memory layout.
        self.projection = keras.layers.Dense(width, dtype=self.dtype_policy, name="projection")

    def build(self, input_shape):
        """Create the projection of a patch's pixels."""
        self.projection.build((None, None, self.patch_size**2 * input_shape[-1]))

    def call(self, images):
        """Return the tokens, `(batch, patches, width)`, row by row."""
        height, width = images.shape[1:3]
        if height % self.patch_size or width % self.patch_size:
            raise ValueError(
                f"Patches must cover the images exactly. Received: images.shape={tuple(images.shape)}, "
                f"patch_size={self.patch_size}"
            )
        positions = sincos_positions(height // self.patch_size, width // self.patch_size, self.width)
        return self.projection(to_patches(images, self.patch_size)) + tf.cast(positions, self.compute_dtype)

    def get_config(self):
        """Return the arguments that make an equal layer."""
        return {**super().get_config(), "width": self.width, "patch_size": self.patch_size}


@keras.saving.register_keras_serializable("keras_ssl")
class ClassToken(keras.layers.Layer):
    """Prepends a learned class token, which can represent the whole image.

    Call arguments:
        tokens: Tensor of shape `(batch, tokens, channels)`.

    Example:

    >>> ClassToken()(np.zeros((2, 64, 192))).shape
    TensorShape([2, 65, 192])

    Reference:

    - [Dosovitskiy et al., 2020](https://arxiv.org/abs/2010.11929), section 3.1
    """

    def build(self, input_shape):
        """Create the token."""
        self.token = self.add_weight(
            name="token",
            shape=(1, 1, input_shape[-1]),
            initializer=keras.initializers.RandomNormal(stddev=0.02),  # as in BERT, DeiT and MAE
        )

    def call(self, tokens):
        """Return `(batch, 1 + tokens, channels)`."""
        first = tf.broadcast_to(self.token, (tf.shape(tokens)[0], 1, tokens.shape[2]))
        return tf.concat([first, tokens], axis=1)

    def compute_output_shape(self, input_shape):
        """Shape `(batch, 1 + tokens, channels)`."""
        batch, tokens, channels = input_shape
        return (batch, None if tokens is None else 1 + tokens, channels)


@keras.saving.register_keras_serializable("keras_ssl")
class FirstToken(keras.layers.Layer):
    """Selects the first token, which is the class token.

    Call arguments:
        tokens: Tensor of shape `(batch, tokens, channels)`.

    Example:

    >>> FirstToken()(np.zeros((2, 197, 384))).shape
    TensorShape([2, 384])
    """

    def call(self, tokens):
        """Return the first token, `(batch, channels)`."""
        return tokens[:, 0]

    def compute_output_shape(self, input_shape):
        """Shape `(batch, channels)`."""
        return (input_shape[0], input_shape[2])


@keras.saving.register_keras_serializable("keras_ssl")
class SelfAttention(keras.layers.Layer):
    """Multi-head self-attention with one product for queries, keys and values.

    On a CPU with oneDNN a pass forward and backward takes between 60 and 90 % of the time that
    `keras.layers.MultiHeadAttention` takes (for 16 to 196 tokens). The softmax is float32 under every dtype policy.

    Args:
        heads: Integer > 0 that divides the channels of the tokens.
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        tokens: Tensor of shape `(batch, tokens, channels)`.

    Raises:
        ValueError: If the heads do not divide the channels.

    Example:

    >>> SelfAttention(heads=3)(np.zeros((2, 64, 192))).shape
    TensorShape([2, 64, 192])

    Reference:

    - [Vaswani et al., 2017](https://arxiv.org/abs/1706.03762), equation 1 and section 3.2.2
    """

    def __init__(self, heads: int, **kwargs):
        super().__init__(**kwargs)
        self.heads = heads

    def build(self, input_shape):
        """Create the two dense layers."""
        width = input_shape[-1]
        if width % self.heads:
            raise ValueError(
                "Each head attends with an equal part of the channels, so the heads must divide the width. "
                f"Received: heads={self.heads}, width={width}"
            )
        # By fan-in each of the three square matrices starts as Glorot has it, as ViT's own code does. Taken as one of
        # (width, 3 * width) they would start smaller, and attention nearly uniform.
        self.queries_keys_values = keras.layers.Dense(
            3 * width, kernel_initializer="lecun_uniform", dtype=self.dtype_policy, name="queries_keys_values"
        )
        self.queries_keys_values.build(input_shape)
        self.projection = keras.layers.Dense(width, dtype=self.dtype_policy, name="projection")
        self.projection.build(input_shape)

    def call(self, tokens):
        """Return `(batch, tokens, channels)`."""
        queries, keys, values = self._split_heads(self.queries_keys_values(tokens))
        attended = tf.matmul(self._attention(queries, keys), values)
        return self.projection(tf.reshape(tf.transpose(attended, (0, 2, 1, 3)), tf.shape(tokens)))

    def attention(self, tokens):
        """Return the attention weights, float32 `(batch, heads, tokens, tokens)`; rows sum to 1."""
        queries, keys, _ = self._split_heads(self.queries_keys_values(tokens))
        return tf.cast(self._attention(queries, keys), tf.float32)

    def _split_heads(self, projected):
        """Queries, keys and values, `(batch, heads, tokens, channels of a head)` each."""
        batch, tokens, channels = tf.unstack(tf.shape(projected))
        split = tf.reshape(projected, (batch, tokens, 3, self.heads, channels // (3 * self.heads)))
        return tf.unstack(tf.transpose(split, (2, 0, 3, 1, 4)))

    def _attention(self, queries, keys):
        scores = tf.matmul(queries * queries.shape[-1] ** -0.5, keys, transpose_b=True)
        return tf.cast(tf.nn.softmax(tf.cast(scores, tf.float32)), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        """Shape of the tokens, unchanged."""
        return input_shape

    def get_config(self):
        """Return the arguments that make an equal layer."""
        return {**super().get_config(), "heads": self.heads}


MLP_RATIO = 4  # Vaswani et al., 2017, section 3.3; ViT, DeiT and MAE keep it.
EPSILON = 1e-6  # ViT's and MAE's code; Keras' 1e-3 would be a fair part of a small token's variance.


def transformer(
    width: int, depth: int, heads: int, class_token: bool = False, name: str = "transformer"
) -> keras.Model:
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
