import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.layers.transformer import (
    PatchTokens,
    SelfAttention,
    from_patches,
    sincos_positions,
    to_patches,
    transformer,
)


def test_patches_are_cut_row_by_row_and_put_together_again(rng):
    images = rng.normal(size=(2, 6, 9, 2)).astype("float32")
    patches = to_patches(images, 3)
    assert patches.shape == (2, 6, 18)
    np.testing.assert_array_equal(patches[:, 4], images[:, 3:6, 3:6].reshape(2, 18))
    np.testing.assert_array_equal(from_patches(patches, 3, (6, 9, 2)), images)


def test_positions_are_those_of_maes_code():
    """`get_2d_sincos_pos_embed`, written out: its first half is of the column, which it calls h."""
    positions = sincos_positions(3, 5, 16)
    for row, column in np.ndindex(3, 5):
        halves = [wave(place / 10000 ** (np.arange(4) / 4)) for place in (column, row) for wave in (np.sin, np.cos)]
        np.testing.assert_allclose(positions[5 * row + column], np.concatenate(halves), rtol=1e-6)


def test_tokens_are_projected_patches_with_positions(rng):
    layer = PatchTokens(8, 4)
    images = rng.normal(size=(2, 8, 12, 3)).astype("float32")
    expected = to_patches(images, 4).numpy() @ layer_kernel(layer, images) + sincos_positions(2, 3, 8)
    np.testing.assert_allclose(layer(images), expected, rtol=1e-4, atol=1e-5)
    assert layer(images[:, :4]).shape == (2, 3, 8)


def layer_kernel(layer, images):
    layer(images)
    return layer.projection.kernel.numpy()


@pytest.mark.parametrize("tokens", [1, 5])
def test_attention_is_that_of_keras(rng, tokens):
    """`keras.layers.MultiHeadAttention` with the same weights, one by one instead of side by side."""
    width, heads = 12, 3
    ours, theirs = SelfAttention(heads), keras.layers.MultiHeadAttention(heads, width // heads)
    x = tf.constant(rng.normal(size=(2, tokens, width)), tf.float32)
    ours(x), theirs(x, x)
    kernel, bias, projection, _ = ours.get_weights()
    bias += rng.normal(size=bias.shape)
    ours.set_weights([kernel, bias, projection, bias[:width]])
    parts = [
        weight
        for kernel, bias in zip(np.split(kernel, 3, axis=1), np.split(bias, 3), strict=True)
        for weight in (kernel.reshape(width, heads, -1), bias.reshape(heads, -1))
    ]
    theirs.set_weights([*parts, projection.reshape(heads, -1, width), bias[:width]])
    expected, maps = theirs(x, x, return_attention_scores=True)
    np.testing.assert_allclose(ours(x), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours.attention(x), maps, rtol=1e-4, atol=1e-5)


def test_a_transformer_without_positions_does_not_know_the_order(rng):
    model = transformer(width=8, depth=2, heads=2)
    tokens, order = rng.normal(size=(2, 6, 8)).astype("float32"), rng.permutation(6)
    np.testing.assert_allclose(model(tokens[:, order]), model(tokens).numpy()[:, order], rtol=1e-3, atol=1e-4)
