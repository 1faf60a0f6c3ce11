"""Vision transformer (Dosovitskiy et al., 2020): image patches, tokens, attention and blocks."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from keras_ssl.checks.arguments import check_count


def to_patches(images: tf.Tensor, patch_size: int) -> tf.Tensor:
    """Cut images into square patches, row by row, and flatten each patch.

    Args:
        images: Tensor of shape `(batch, height, width, channels)`.
        patch_size: Integer > 0. Divides height and width.

    Returns:
        Tensor of shape `(batch, patches, patch_size * patch_size * channels)` and the same dtype. The pixels of a
        patch are ordered row by row, with the channels of each pixel together.

    Example:

    >>> to_patches(np.zeros((2, 32, 32, 3)), 4).shape
    TensorShape([2, 64, 48])
    """
    height, width, channels = images.shape[1:]
    rows, columns = height // patch_size, width // patch_size
    split = tf.reshape(images, (-1, rows, patch_size, columns, patch_size, channels))
    return tf.reshape(tf.transpose(split, (0, 1, 3, 2, 4, 5)), (-1, rows * columns, patch_size**2 * channels))


def from_patches(patches: tf.Tensor, patch_size: int, image_shape: Sequence[int]) -> tf.Tensor:
    """Assemble images from patches, the inverse of `to_patches`.

    Args:
        patches: Tensor of shape `(batch, patches, patch_size * patch_size * channels)`.
        patch_size: Integer > 0. Divides height and width.
        image_shape: Tuple `(height, width, channels)`. Shape of an image.

    Returns:
        Tensor of shape `(batch, height, width, channels)` and the same dtype.

    Example:

    >>> from_patches(np.zeros((2, 64, 48)), 4, (32, 32, 3)).shape
    TensorShape([2, 32, 32, 3])
    """
    height, width, channels = image_shape
    split = tf.reshape(patches, (-1, height // patch_size, width // patch_size, patch_size, patch_size, channels))
    return tf.reshape(tf.transpose(split, (0, 1, 3, 2, 4, 5)), (-1, height, width, channels))


# The longest wavelength, as in "Attention Is All You Need" (Vaswani et al., 2017, section 3.5) and in MAE's code.
LONGEST_WAVELENGTH = 10000.0


def sincos_positions(rows: int, columns: int, width: int) -> np.ndarray:
    """Fixed sine-cosine position embeddings of a grid of any size, row by row.

    The first half encodes the column, the second half the row. Each half has first sines, then cosines of `width / 4`
    wavelengths in geometric progression, as in MAE's code (`util/pos_embed.py`).

    Args:
        rows: Integer > 0. Rows of the grid.
        columns: Integer > 0. Columns of the grid.
        width: Integer > 0, a multiple of 4. Length of an embedding.

    Returns:
        Float32 array of shape `(rows * columns, width)`.

    Raises:
        ValueError: If `width` is not a multiple of 4.

    Example:

    >>> sincos_positions(8, 8, 192).shape
    (64, 192)

    Reference:

    - [He et al., 2021](https://arxiv.org/abs/2111.06377), appendix A.1, and
      [its code](https://github.com/facebookresearch/mae)
    """
    if width % 4:
        raise ValueError(
            "A position embedding has sines and cosines of row and column, so width must be a multiple of 4. "
            f"Received: width={width}"
        )
    frequencies = LONGEST_WAVELENGTH ** -np.linspace(0, 1, width // 4, endpoint=False)
    row, column = np.indices((rows, columns)).reshape(2, -1, 1)
    angles = (column * frequencies, row * frequencies)
    return np.concatenate([wave(angle) for angle in angles for wave in (np.sin, np.cos)], axis=1).astype("float32")


@keras.saving.register_keras_serializable("keras_ssl")
class PatchTokens(keras.layers.Layer):
    """Turns each square patch of an image into a token: a linear map of its pixels, plus its position embedding.

    The same weights work for images of any size that `patch_size` divides.

    Args:
        width: Integer > 0, a multiple of 4. Channels of a token.
        patch_size: Integer > 0. Height and width of a patch in pixels.
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        images: Tensor of shape `(batch, height, width, channels)`, normalized pixels.

    Raises:
        ValueError: If `patch_size` does not divide the height and width of the images.

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
        # Equals a convolution with stride patch_size. As a matrix product it is fast in every memory layout.
        self.projection = keras.layers.Dense(width, dtype=self.dtype_policy, name="projection")

    def build(self, input_shape: tuple) -> None:
        """Create the weights of the projection."""
        self.projection.build((None, None, self.patch_size**2 * input_shape[-1]))

    def call(self, images: tf.Tensor) -> tf.Tensor:
        """Return the tokens, `(batch, patches, width)`, row by row."""
        height, width = images.shape[1:3]
        if height % self.patch_size or width % self.patch_size:
            raise ValueError(
                "patch_size must divide the height and width of the images. "
                f"Received: images.shape={tuple(images.shape)}, "
                f"patch_size={self.patch_size}"
            )
        positions = sincos_positions(height // self.patch_size, width // self.patch_size, self.width)
        return self.projection(to_patches(images, self.patch_size)) + tf.cast(positions, self.compute_dtype)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {**super().get_config(), "width": self.width, "patch_size": self.patch_size}


@keras.saving.register_keras_serializable("keras_ssl")
class ClassToken(keras.layers.Layer):
    """Prepends a learned class token, which belongs to no patch and can represent the whole image.

    Call arguments:
        tokens: Tensor of shape `(batch, tokens, channels)`.

    Example:

    >>> ClassToken()(np.zeros((2, 64, 192))).shape
    TensorShape([2, 65, 192])

    Reference:

    - [Dosovitskiy et al., 2020](https://arxiv.org/abs/2010.11929), section 3.1
    """

    def build(self, input_shape: tuple) -> None:
        """Create the token."""
        self.token = self.add_weight(
            name="token",
            shape=(1, 1, input_shape[-1]),
            initializer=keras.initializers.RandomNormal(stddev=0.02),  # as in BERT, DeiT and MAE
        )

    def call(self, tokens: tf.Tensor) -> tf.Tensor:
        """Return the tokens after the class token, `(batch, 1 + tokens, channels)`."""
        first = tf.broadcast_to(self.token, (tf.shape(tokens)[0], 1, tokens.shape[2]))
        return tf.concat([first, tokens], axis=1)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Return the shape `(batch, 1 + tokens, channels)`."""
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

    def call(self, tokens: tf.Tensor) -> tf.Tensor:
        """Return the first token, `(batch, channels)`."""
        return tokens[:, 0]

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Return the shape `(batch, channels)`."""
        return (input_shape[0], input_shape[2])


@keras.saving.register_keras_serializable("keras_ssl")
class SelfAttention(keras.layers.Layer):
    """Multi-head self-attention with one matrix product for queries, keys and values.

    On a CPU with oneDNN, a forward and backward pass takes 60 to 90 % of the time of
    `keras.layers.MultiHeadAttention` (for 16 to 196 tokens). The softmax is float32 under every dtype policy.

    Args:
        heads: Integer > 0. Divides the channels of the tokens.
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        tokens: Tensor of shape `(batch, tokens, channels)`.

    Raises:
        ValueError: If `heads` does not divide the channels.

    Example:

    >>> SelfAttention(heads=3)(np.zeros((2, 64, 192))).shape
    TensorShape([2, 64, 192])

    Reference:

    - [Vaswani et al., 2017](https://arxiv.org/abs/1706.03762), equation 1 and section 3.2.2
    """

    def __init__(self, heads: int, **kwargs):
        super().__init__(**kwargs)
        self.heads = heads

    def build(self, input_shape: tuple) -> None:
        """Create the two dense layers."""
        width = input_shape[-1]
        if width % self.heads:
            raise ValueError(
                "Each head has an equal part of the channels, so heads must divide the width. "
                f"Received: heads={self.heads}, width={width}"
            )
        # Scaled by fan-in, each of the three square matrices starts with Glorot's scale, as in ViT's own code. Glorot
        # for one matrix of (width, 3 * width) would start smaller, and attention would be nearly uniform.
        self.queries_keys_values = keras.layers.Dense(
            3 * width, kernel_initializer="lecun_uniform", dtype=self.dtype_policy, name="queries_keys_values"
        )
        self.queries_keys_values.build(input_shape)
        self.projection = keras.layers.Dense(width, dtype=self.dtype_policy, name="projection")
        self.projection.build(input_shape)

    def call(self, tokens: tf.Tensor) -> tf.Tensor:
        """Return the attended tokens, `(batch, tokens, channels)`."""
        queries, keys, values = self._split_heads(self.queries_keys_values(tokens))
        attended = tf.matmul(self._attention(queries, keys), values)
        return self.projection(tf.reshape(tf.transpose(attended, (0, 2, 1, 3)), tf.shape(tokens)))

    def attention(self, tokens: tf.Tensor) -> tf.Tensor:
        """Return the attention weights, float32 `(batch, heads, tokens, tokens)`. Rows sum to 1."""
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

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Return the shape of the tokens, which does not change."""
        return input_shape

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {**super().get_config(), "heads": self.heads}


MLP_RATIO = 4  # Vaswani et al., 2017, section 3.3; also in ViT, DeiT and MAE.
EPSILON = 1e-6  # As in ViT's and MAE's code; Keras' 1e-3 would be large beside the variance of a small token.


def transformer(
    width: int, depth: int, heads: int, class_token: bool = False, name: str = "transformer"
) -> keras.Model:
    """Pre-norm transformer blocks on tokens of any number, with a layer normalization at the end.

    Used for the encoder of a vision transformer, after the patch tokens, and for MAE's decoder. The layers of block
    `i`, counted from 1, are named `"block{i}_…"`.

    Args:
        width: Integer > 0. Channels of a token.
        depth: Integer > 0. Number of blocks.
        heads: Integer > 0. Attention heads of each block; divides the width.
        class_token: Boolean. Whether to prepend a learned class token. Defaults to `False`.
        name: String. Name of the model. Defaults to `"transformer"`.

    Returns:
        A `keras.Model` from tokens `(batch, tokens, width)` to tokens of the same shape, or one token more.

    Raises:
        ValueError: If a size is not a positive integer, or `heads` does not divide `width`.

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
