import numpy as np
import pytest

from keras_ssl import backbones


@pytest.mark.parametrize(
    "encoder",
    [
        backbones.resnet18((16, 16, 3), width=4),
        backbones.small_cnn((16, 16, 3), filters=(4, 8)),
        backbones.vit((16, 16, 3), 4, width=8, depth=1, heads=2),
    ],
    ids=lambda encoder: encoder.name,
)
def test_shares_the_weights_and_takes_the_other_size(encoder, rng):
    small = backbones.at_size(encoder, (8, 8))
    assert small.input_shape == (None, 8, 8, 3) and small.output_shape == encoder.output_shape
    assert all(ours is theirs for ours, theirs in zip(small.weights, encoder.weights, strict=True))
    images = rng.uniform(0, 255, (2, 8, 8, 3)).astype("float32")
    before = np.asarray(small(images))
    weight = encoder.trainable_weights[0]
    weight.assign(2 * weight)
    assert np.abs(small(images) - before).max() > 1e-6


def test_the_same_size_is_the_encoder_itself():
    encoder = backbones.small_cnn((16, 16, 3), filters=(4,))
    assert backbones.at_size(encoder, (16, 16)) is encoder


def test_says_when_the_layers_fix_the_size():
    with pytest.raises(ValueError, match="another size"):
        backbones.at_size(backbones.mlp((16, 16, 3), (8,)), (8, 8))
    with pytest.raises(ValueError, match="another size"):
        backbones.at_size(backbones.vit((16, 16, 3), 4, width=8, depth=1, heads=2), (6, 6))
