import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.layers import UpsampleLike


def test_each_pixel_is_repeated_to_the_size_of_the_reference():
    features = np.arange(6, dtype="float32").reshape(1, 2, 3, 1)
    larger = UpsampleLike()(features, np.zeros((1, 4, 6, 5)))
    np.testing.assert_array_equal(larger, features.repeat(2, axis=1).repeat(2, axis=2))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_sizes_need_not_be_known_and_the_dtype_stays(interpolation, dtype):
    features, reference = keras.Input((None, None, 2)), keras.Input((None, None, 1))
    output = UpsampleLike(interpolation, dtype=dtype)(features, reference)
    assert output.shape == (None, None, None, 2)
    model = keras.Model([features, reference], output)
    got = model([np.ones((1, 3, 2, 2)), np.ones((1, 5, 7, 1))])
    assert got.shape == (1, 5, 7, 2) and got.dtype == keras.DTypePolicy(dtype).compute_dtype
    np.testing.assert_array_equal(np.asarray(got, "float32"), 1)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("size", [(5, 7), (3, 9), (8, 8), (1, 2)])
def test_equals_tf_image_resize_and_its_gradient_under_xla_too(interpolation, size, rng):
    features = tf.constant(rng.normal(size=(2, 4, 3, 2)), "float32")
    upstream = tf.constant(rng.normal(size=(2, *size, 2)), "float32")
    layer = UpsampleLike(interpolation)

    def value_and_gradient(resize):
        with tf.GradientTape() as tape:
            tape.watch(features)
            resized = resize(features)
        return resized, tape.gradient(resized, features, output_gradients=upstream)

    expected = value_and_gradient(lambda x: tf.image.resize(x, size, method=interpolation))
    compiled = tf.function(lambda: value_and_gradient(lambda x: layer(x, upstream)), jit_compile=True)
    for got, wanted in zip(compiled(), expected, strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_other_interpolations_are_refused():
    with pytest.raises(ValueError, match="Received: interpolation='cubic'"):
        UpsampleLike("cubic")


def test_it_is_rebuilt_from_its_config():
    layer = UpsampleLike.from_config(UpsampleLike("bilinear").get_config())
    assert layer.interpolation == "bilinear"
