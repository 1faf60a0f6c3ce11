import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.layers import WeightNormDense


def test_columns_count_by_their_direction_alone(rng):
    layer = WeightNormDense(3)
    x = rng.normal(size=(5, 4)).astype("float32")
    outputs = layer(x)
    kernel = np.asarray(layer.kernel)
    np.testing.assert_allclose(outputs, x @ (kernel / np.linalg.norm(kernel, axis=0)), atol=1e-6)
    layer.kernel.assign(kernel * [1, 10, 0.1])
    np.testing.assert_allclose(layer(x), outputs, atol=1e-6)


def test_gradient_turns_a_column_and_does_not_stretch_it(rng):
    layer = WeightNormDense(3)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(layer(tf.constant(rng.normal(size=(5, 4)), tf.float32))))
    gradient = tape.gradient(loss, layer.trainable_weights)[0]
    np.testing.assert_allclose(np.sum(gradient * layer.kernel, axis=0), 0, atol=1e-5)


def test_float32_under_mixed_precision_and_saved(rng, tmp_path):
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = keras.Sequential([keras.Input((4,)), WeightNormDense(3)])
    x = rng.normal(size=(5, 4)).astype("float32")
    assert model(x).dtype == tf.float32
    model.save(tmp_path / "w.keras")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "w.keras")(x), model(x))


def test_units_are_a_count():
    with pytest.raises(ValueError, match="Received: units=0"):
        WeightNormDense(0)
