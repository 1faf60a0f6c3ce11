import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import evaluate, export
from keras_ssl.backbones import vit

TINY = {"width": 8, "depth": 2, "heads": 2}


@pytest.mark.parametrize(
    "size, width, parameters", [("tiny", 192, 5.5e6), ("small", 384, 21.7e6), ("base", 768, 85.8e6)]
)
def test_the_sizes_are_deits(size, width, parameters):
    encoder = vit((224, 224, 3), 16, size)
    assert encoder.output_shape == (None, width)
    # As published, without the classifier, and here without the learned positions either.
    assert encoder.count_params() == pytest.approx(parameters, rel=0.02)
    assert (
        len([name for name in (layer.name for layer in encoder._flatten_layers()) if "_attention_add" in name]) == 12
    )


def test_it_is_its_named_layers_in_turn_and_knows_the_order(rng):
    encoder = vit((8, 8, 3), 2, **TINY)
    images = rng.integers(0, 256, (2, 8, 8, 3)).astype("float32")
    tokens = encoder.get_layer("patch_tokens")(encoder.get_layer("rescaling")(images))
    features = tf.reduce_mean(encoder.get_layer("transformer")(tokens), axis=1)
    np.testing.assert_allclose(encoder(images), features, rtol=1e-4, atol=1e-5)
    visible = encoder.get_layer("transformer")(tokens[:, :5])
    assert visible.shape == (2, 5, 8)
    assert np.abs(encoder(images[:, ::-1]) - encoder(images)).max() > 1e-3


def test_the_class_token_stands_first_and_speaks_for_the_image(rng):
    encoder = vit((8, 8, 1), 4, pooling="cls", **TINY)
    tokens = rng.normal(size=(2, 4, 8)).astype("float32")
    assert encoder.get_layer("transformer")(tokens).shape == (2, 5, 8)
    images = rng.integers(0, 256, (2, 8, 8, 1), "uint8")
    patches = encoder.get_layer("patch_tokens")(encoder.get_layer("rescaling")(images))
    np.testing.assert_allclose(encoder(images), encoder.get_layer("transformer")(patches)[:, 0], rtol=1e-4, atol=1e-5)
    assert not any("class_token" in weight.path for weight in vit((8, 8, 1), 4, **TINY).weights)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_graph_and_xla_compute_what_eager_does(rng, pooling):
    encoder = vit((8, 8, 3), 2, pooling=pooling, **TINY)
    images = rng.integers(0, 256, (3, 8, 8, 3)).astype("float32")
    for jit_compile in (False, True):
        compiled = tf.function(encoder, jit_compile=jit_compile)
        np.testing.assert_allclose(compiled(images), encoder(images), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_reaches_the_blocks(rng, policy):
    images = rng.integers(0, 256, (3, 8, 8, 3), "uint8")
    reference = vit((8, 8, 3), 2, pooling="cls", **TINY)
    keras.config.set_dtype_policy(policy)
    encoder = vit((8, 8, 3), 2, pooling="cls", **TINY)
    encoder.set_weights(reference.get_weights())
    assert encoder(images).dtype == "float32"
    assert encoder.get_layer("transformer")(np.zeros((1, 3, 8))).dtype == policy[6:]
    np.testing.assert_allclose(encoder(images), reference(images), rtol=0.1, atol=0.1)


def test_saved_and_exported_it_gives_the_same_features(rng, tmp_path):
    encoder = vit((8, 8, 3), 4, pooling="cls", **TINY)
    images = rng.integers(0, 256, (2, 8, 8, 3), "uint8")
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(loaded(images), encoder(images))
    path = export.saved_model(encoder, tmp_path / "served")
    served = tf.saved_model.load(str(path)).signatures["serving_default"]
    (features,) = served(tf.constant(images, "float32")).values()
    np.testing.assert_allclose(features, encoder(images), rtol=1e-4, atol=1e-5)


def test_a_random_one_of_the_same_kind_can_be_drawn(rng):
    encoder = vit((8, 8, 1), 4, pooling="cls", **TINY)
    images = rng.integers(0, 256, (4, 8, 8, 1), "uint8")
    first, again, other = (evaluate.random_encoder(encoder, images, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first(images), again(images))
    assert np.abs(first(images) - other(images)).max() > 1e-3


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"patch_size": 3}, r"(?s)divides.*Received: image_shape=\(8, 8, 3\), patch_size=3"),
        ({"patch_size": 16}, "need at least 16"),
        ({"patch_size": 0}, "patch_size must be a positive integer"),
        ({"size": "huge"}, "'tiny', 'small', 'base'.*Received: size='huge'"),
        ({"pooling": "max"}, "Received: pooling='max'"),
        ({"width": 10, "heads": 2}, "multiple of 4. Received: width=10"),
        ({"width": 8, "heads": 3}, "heads must divide the width. Received: heads=3, width=8"),
        ({"width": 0}, "width must be a positive integer"),
        ({"depth": 0}, "depth must be a positive integer"),
    ],
)
def test_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        vit((8, 8, 3), **{"patch_size": 4, **TINY, **arguments})
