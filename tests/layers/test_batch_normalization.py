import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl.layers import BatchNormalization

TOLERANCE = {"rtol": 2e-5, "atol": 2e-5}


def pair(shape, rng, **kwargs):
    """Our layer and Keras', with the same random weights."""
    layers = BatchNormalization(**kwargs), keras.layers.BatchNormalization(**kwargs)
    for layer in layers:
        layer.build((None, *shape[1:]))
    weights = [rng.uniform(0.5, 2.0, weight.shape) for weight in layers[1].weights]
    for layer in layers:
        layer.set_weights(weights)
    return layers


def forward_backward(layer, x, upstream, training=True):
    """Outputs, and gradients with respect to the inputs, gamma and beta."""
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=training)
        loss = tf.reduce_sum(tf.cast(y, "float32") * upstream)
    return [y, *tape.gradient(loss, [x, *(weight.value for weight in layer.trainable_weights)])]


@pytest.mark.parametrize("shape", [(6, 5), (4, 7, 3), (3, 4, 5, 2), (2, 3, 2, 2, 4)])
def test_equals_keras_at_every_rank(shape, rng):
    ours, keras_layer = pair(shape, rng, momentum=0.8, epsilon=1e-2)
    for _ in range(3):
        x, upstream = rng.normal(2.0, 3.0, shape).astype("float32"), rng.normal(size=shape).astype("float32")
        for got, expected in zip(
            forward_backward(ours, x, upstream), forward_backward(keras_layer, x, upstream), strict=True
        ):
            np.testing.assert_allclose(got, expected, **TOLERANCE)
    for got, expected in zip(ours.weights, keras_layer.weights, strict=True):
        np.testing.assert_allclose(got, expected, **TOLERANCE, err_msg=expected.name)


@settings(max_examples=25, deadline=None)
@given(count=st.integers(1, 9), channels=st.integers(1, 9), mean=st.floats(-50, 50), deviation=st.floats(0.1, 20))
def test_normalizes_and_tracks_the_biased_variance(count, channels, mean, deviation):
    x = np.random.default_rng(count).normal(mean, deviation, (count, channels)).astype("float32")
    layer = BatchNormalization(momentum=0.0)
    y = layer(x, training=True)
    np.testing.assert_allclose(y, (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3), atol=2e-3)
    np.testing.assert_allclose(layer.moving_mean, x.mean(0), rtol=1e-4, atol=1e-4)
    # NumPy's default divides by the count, as Keras does, and not by count - 1 as the kernel does.
    np.testing.assert_allclose(layer.moving_variance, x.var(0), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("scale, center", [(True, False), (False, True), (False, False)])
def test_without_scale_or_center(scale, center, rng):
    shape = (3, 4, 4, 2)
    x, upstream = rng.normal(size=shape).astype("float32"), rng.normal(size=shape).astype("float32")
    for training in (True, False):
        results = [
            forward_backward(layer, x, upstream, training)
            for layer in pair(shape, np.random.default_rng(1), scale=scale, center=center)
        ]
        for got, expected in zip(*results, strict=True):
            np.testing.assert_allclose(got, expected, **TOLERANCE)


@pytest.mark.parametrize("frozen", [False, True], ids=["training=False", "trainable=False"])
def test_inference_uses_the_moving_statistics_and_leaves_them(frozen, rng):
    layer, keras_layer = pair((4, 3, 3, 2), rng)
    layer.trainable = keras_layer.trainable = not frozen
    x = rng.normal(5.0, 2.0, (4, 3, 3, 2)).astype("float32")
    before = layer.get_weights()
    np.testing.assert_allclose(layer(x, training=frozen), keras_layer(x, training=frozen), **TOLERANCE)
    for got, expected in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
def test_half_precision_keeps_float32_statistics(dtype, jit_compile, rng):
    shape = (64, 4, 4, 3)
    x = tf.cast(rng.normal(100.0, 5.0, shape), dtype)
    upstream = rng.normal(size=shape).astype("float32")
    half, full = BatchNormalization(dtype=f"mixed_{dtype}"), BatchNormalization()
    half.build(shape)
    y, *gradients = tf.function(forward_backward, jit_compile=jit_compile)(half, x, upstream)
    expected_y, *expected_gradients = forward_backward(full, tf.cast(x, "float32"), upstream)
    assert y.dtype == dtype
    np.testing.assert_allclose(tf.cast(y, "float32"), expected_y, atol=0.03)
    for got, expected in zip(gradients, expected_gradients, strict=True):
        np.testing.assert_allclose(tf.cast(got, "float32"), expected, rtol=0.02, atol=0.02)
    for got, expected in zip(half.weights, full.weights, strict=True):
        assert got.dtype == "float32"
        # XLA takes the variance in one pass, E[x^2] - E[x]^2. In half precision 100^2 would hide it altogether.
        np.testing.assert_allclose(got, expected, rtol=5e-4)


def test_xla_gives_what_the_graph_gives(rng):
    shape = (4, 3, 3, 2)
    x, upstream = rng.normal(size=shape).astype("float32"), rng.normal(size=shape).astype("float32")
    layers = [pair(shape, np.random.default_rng(1))[0] for _ in range(2)]
    results = [
        tf.function(forward_backward, jit_compile=jit_compile)(layer, x, upstream)
        for layer, jit_compile in zip(layers, (False, True), strict=True)
    ]
    for got, expected in zip(*results, strict=True):
        np.testing.assert_allclose(got, expected, **TOLERANCE)
    np.testing.assert_allclose(layers[0].moving_variance, layers[1].moving_variance, **TOLERANCE)


def replicated(layer, x, upstream, strategy):
    """`forward_backward` on two replicas, each with half of the batch; parameter gradients summed."""
    halves = [np.split(array, 2) for array in (x, upstream)]

    @tf.function
    def run():
        values = [
            strategy.experimental_distribute_values_from_function(
                lambda context, parts=parts: tf.constant(parts[context.replica_id_in_sync_group])
            )
            for parts in halves
        ]
        return [strategy.experimental_local_results(v) for v in strategy.run(forward_backward, (layer, *values))]

    y, dx, *parameters = run()
    return [tf.concat(y, 0), tf.concat(dx, 0), *(tf.add_n(gradient) for gradient in parameters)]


def test_synchronized_equals_one_device_on_the_global_batch(rng, two_replicas):
    # TensorFlow's collective ops cannot be shared by two strategies of a process, and other tests have one too.
    # Halves that differ, so that statistics of a half are far from those of the batch.
    x = np.concatenate([rng.normal(0, 1, (3, 4, 4, 2)), rng.normal(5, 2, (3, 4, 4, 2))]).astype("float32")
    upstream = rng.normal(size=x.shape).astype("float32")
    one = BatchNormalization()
    expected = forward_backward(one, x, upstream)
    with two_replicas.scope():
        two = BatchNormalization(synchronized=True)
        two.build(x.shape)
        alone = BatchNormalization()
        alone.build(x.shape)
    for got, want in zip(replicated(two, x, upstream, two_replicas), expected, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)
    for got, want in zip(two.weights, one.weights, strict=True):
        for copy in two_replicas.experimental_local_results(got.value):
            np.testing.assert_allclose(copy, want, rtol=1e-5)

    y = replicated(alone, x, upstream, two_replicas)[0].numpy()
    np.testing.assert_allclose(y[:3].mean((0, 1, 2)), 0, atol=1e-4)


def test_a_batch_of_one_vector_gives_beta(rng):
    layer, _ = pair((1, 3), rng)
    y = layer(rng.normal(size=(1, 3)).astype("float32"), training=True)
    np.testing.assert_allclose(y[0], layer.beta, rtol=1e-5)
    assert np.isfinite(layer.get_weights()).all()


def test_an_empty_batch_changes_nothing(rng):
    layer, _ = pair((2, 3, 3, 4), rng)
    before = layer.get_weights()
    assert layer(np.zeros((0, 3, 3, 4), "float32"), training=True).shape == (0, 3, 3, 4)
    for got, expected in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(got, expected)


def test_float64_which_the_kernel_lacks(rng):
    layer = BatchNormalization(dtype="float64")
    y = layer(rng.normal(3.0, 2.0, (50, 2)), training=True)
    assert y.dtype == "float64"
    np.testing.assert_allclose(keras.ops.mean(y, axis=0), 0, atol=1e-12)


def test_saves_with_a_model(rng, tmp_path):
    model = keras.Sequential([keras.Input((4, 4, 2)), BatchNormalization(momentum=0.5, scale=False, name="bn")])
    x = rng.normal(3.0, 2.0, (8, 4, 4, 2)).astype("float32")
    model(x, training=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded.get_layer("bn")) is BatchNormalization
    assert loaded.get_layer("bn").get_config() == model.get_layer("bn").get_config()
    np.testing.assert_array_equal(loaded(x), model(x))


def test_says_what_it_cannot_do():
    with pytest.raises(ValueError, match=r"last axis.*Received: axis=1"):
        BatchNormalization(axis=1)
    with pytest.raises(ValueError, match=r"Received: renorm=True"):
        BatchNormalization(renorm=True)
