import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.export.inference_copy import inference_copy


def dtypes(model):
    return {layer.compute_dtype for layer in model._flatten_layers()}


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16", "bfloat16"])
def test_low_precision_becomes_float32(make_encoder, policy, rng):
    keras.config.set_dtype_policy(policy)
    encoder = make_encoder()
    copy = inference_copy(encoder)
    assert keras.config.dtype_policy().name == policy  # the user's setting stays

    assert dtypes(copy) == {"float32"}
    images = rng.uniform(0, 255, (2, 16, 16, 3)).astype("float32")
    low, full = encoder(images, training=False), copy(images, training=False)
    assert full.dtype == "float32"
    np.testing.assert_allclose(low, full, rtol=0.05)
    assert not np.array_equal(low, full)  # else this test would compare a model with itself


def test_a_float32_model_is_copied_exactly(make_encoder, rng):
    encoder = make_encoder()
    images = rng.uniform(0, 255, (2, 16, 16, 3)).astype("float32")
    np.testing.assert_array_equal(inference_copy(encoder)(images, training=False), encoder(images, training=False))


def test_the_model_itself_stays_as_it_is(make_encoder):
    keras.config.set_dtype_policy("mixed_bfloat16")
    encoder = make_encoder()
    before = [np.array(variable) for variable in encoder.variables]
    inference_copy(encoder)
    assert "bfloat16" in dtypes(encoder)
    for old, new in zip(before, encoder.variables, strict=True):
        np.testing.assert_array_equal(old, new)


def test_statistics_of_a_normalization_layer_come_along(rng):
    normalization = keras.layers.Normalization()
    normalization.adapt(rng.normal(100, 20, (50, 4, 4, 3)))
    model = keras.Sequential([keras.Input((4, 4, 3)), normalization, keras.layers.Flatten()])
    images = rng.uniform(0, 255, (2, 4, 4, 3)).astype("float32")
    np.testing.assert_array_equal(inference_copy(model)(images), model(images))


def test_optimizer_and_losses_stay_behind(make_classifier):
    classifier = make_classifier()
    classifier.compile("adam", "sparse_categorical_crossentropy")
    classifier.fit(np.zeros((4, 8)), np.zeros(4), verbose=0)
    assert classifier.compiled and not inference_copy(classifier).compiled


def test_mirrored_variables_become_plain_ones(make_encoder, rng, two_replicas):
    with two_replicas.scope():
        encoder = make_encoder()
    copy = inference_copy(encoder)
    assert not any(isinstance(weight.value, tf.distribute.DistributedValues) for weight in copy.weights)
    images = rng.uniform(0, 255, (2, 16, 16, 3)).astype("float32")
    np.testing.assert_allclose(copy(images, training=False), encoder(images, training=False), rtol=1e-6)


def test_a_layer_that_would_not_load_again():
    class Twice(keras.layers.Layer):
        def call(self, x):
            return 2 * x

    model = keras.Sequential([keras.Input((3,)), Twice()])
    with pytest.raises(ValueError, match=r"register_keras_serializable.*Twice"):
        inference_copy(model)
