import numpy as np
import pytest

import keras_ssl
from keras_ssl.plots import attention_maps


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_each_row_has_the_image_and_a_map_of_every_head(rng, drawn, pooling):
    encoder = keras_ssl.backbones.vit((8, 12, 3), 4, width=16, depth=2, heads=2, pooling=pooling)
    images = rng.integers(0, 256, (3, 8, 12, 3), "uint8")
    figure = attention_maps(encoder, images)
    cells = [np.asarray(axes.images[0].get_array()) for axes in figure.axes]
    assert [cell.shape for cell in cells[:3]] == [(8, 12, 3), (2, 3), (2, 3)]
    assert all(0 < cell.sum() <= 1 + 1e-5 for cell in (cells[1], cells[2]))
    assert [axes.get_title() for axes in figure.axes[:3]] == ["image", "head 1", "head 2"]
    assert drawn(figure).std() > 0


def test_the_class_token_is_who_looks(rng):
    encoder = keras_ssl.backbones.vit((8, 8, 1), 4, width=16, depth=1, heads=1, pooling="cls")
    images = rng.integers(0, 256, (1, 8, 8, 1), "uint8")
    transformer = encoder.get_layer("transformer")
    tokens = encoder.get_layer("patch_tokens")(encoder.get_layer("rescaling")(images))
    with_class = transformer.get_layer("class_token")(tokens)
    attention = transformer.get_layer("block1_attention")
    expected = attention.attention(transformer.get_layer("block1_attention_norm")(with_class))[0, 0, 0, 1:]
    shown = np.asarray(attention_maps(encoder, images).axes[1].images[0].get_array())
    np.testing.assert_allclose(shown.ravel(), expected, rtol=1e-5)


def test_says_what_it_cannot_show(rng):
    images = rng.integers(0, 256, (1, 8, 8, 1), "uint8")
    with pytest.raises(ValueError, match="encoder must be a keras_ssl.backbones.vit"):
        attention_maps(keras_ssl.backbones.small_cnn((8, 8, 1)), images)
    encoder = keras_ssl.backbones.vit((8, 8, 1), 4, width=16, depth=1, heads=1)
    with pytest.raises(ValueError, match="transformer's 1 blocks. Received: block=1"):
        attention_maps(encoder, images, block=1)
