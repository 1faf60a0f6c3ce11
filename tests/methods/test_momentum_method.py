import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import backbones
from keras_ssl.methods.momentum_method import momentum_copy, momentum_update


@pytest.fixture
def encoder():
    return backbones.small_cnn((8, 8, 1), filters=(4,))


def randomize(model, rng):
    model.set_weights([rng.uniform(0.5, 1.5, size=weight.shape) for weight in model.get_weights()])


@pytest.fixture
def images(rng):
    return rng.uniform(0, 255, (4, 8, 8, 1)).astype("float32")


def test_a_copy_computes_the_same_and_owns_its_weights(encoder, images, rng):
    randomize(encoder, rng)
    copy = momentum_copy(encoder)
    np.testing.assert_array_equal(copy(images), encoder(images))
    before = copy.get_weights()
    randomize(encoder, rng)
    for value, was in zip(copy.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, was)


def test_a_copy_stays_untrained_and_in_order_whatever_keras_sets(encoder, images):
    copy = momentum_copy(encoder)
    assert [weight.shape for weight in copy.weights] == [weight.shape for weight in encoder.weights]
    for value in (True, False, True):
        copy.trainable = value
        assert copy.trainable_weights == []
    np.testing.assert_allclose(copy(images, training=True), encoder(images, training=True), atol=1e-6)


def test_a_copy_has_nothing_to_train_and_still_normalises_by_its_batch(encoder, images):
    copy = momentum_copy(encoder)
    assert copy.trainable_weights == [] and len(encoder.trainable_weights) == 3
    np.testing.assert_allclose(copy(images, training=True), encoder(images, training=True), atol=1e-6)
    moving_mean = next(w for w in copy.weights if "moving_mean" in w.path)
    assert np.abs(moving_mean).max() > 0


def test_layers_that_finish_their_state_on_loading_are_copied_too(images):
    normalization = keras.layers.Normalization()
    normalization.adapt(images)
    model = keras.Sequential([keras.Input((8, 8, 1)), normalization])
    np.testing.assert_array_equal(momentum_copy(model)(images), model(images))


@pytest.mark.parametrize("momentum", [0.0, 0.9, 1.0])
@pytest.mark.parametrize("how", ["eager", "graph", "xla"])
def test_weights_follow_and_statistics_do_not(encoder, rng, momentum, how):
    target = momentum_copy(encoder)
    randomize(encoder, rng)
    randomize(target, rng)
    before = target.get_weights()

    def update(m):
        momentum_update(encoder, target, m)

    update = update if how == "eager" else tf.function(update, jit_compile=how == "xla")
    update(tf.constant(momentum) if how != "eager" else momentum)
    for ours, theirs, was in zip(encoder.weights, target.weights, before, strict=True):
        expected = momentum * was + (1 - momentum) * np.asarray(ours) if ours.trainable else was
        np.testing.assert_allclose(theirs, expected, rtol=1e-6)


def test_two_replicas_update_alike(encoder, rng, two_replicas):
    with two_replicas.scope():
        source = momentum_copy(encoder)
        for variable in source.weights:
            variable.trainable = "moving" not in variable.path
        target = momentum_copy(source)
        randomize(source, rng)
    before = target.get_weights()
    two_replicas.run(tf.function(lambda: momentum_update(source, target, 0.75)))
    for ours, theirs, was in zip(source.weights, target.weights, before, strict=True):
        expected = 0.75 * was + 0.25 * np.asarray(ours) if ours.trainable else was
        for copy in two_replicas.experimental_local_results(theirs.value):
            np.testing.assert_allclose(copy, expected, rtol=1e-6)


@keras.saving.register_keras_serializable("tests")
class Method(keras.Model):
    """What a method with a target does in `__init__` and `get_config`."""

    def __init__(self, encoder, **kwargs):
        super().__init__(**kwargs)
        self.encoder = encoder
        self.target = momentum_copy(encoder)
        self.built = True

    def call(self, images):
        return self.target(images)

    def get_config(self):
        return {**super().get_config(), "encoder": keras.saving.serialize_keras_object(self.encoder)}

    @classmethod
    def from_config(cls, config):
        return cls(**keras.saving.deserialize_keras_object(config))


def test_survives_saving_without_standing_in_the_config(encoder, images, rng, tmp_path):
    method = Method(encoder)
    randomize(method.encoder, rng)
    momentum_update(method.encoder, method.target, 0.5)
    method.save(tmp_path / "method.keras")
    loaded = keras.saving.load_model(tmp_path / "method.keras")
    assert "target" not in method.get_config()
    assert [w.trainable for w in loaded.weights] == [w.trainable for w in method.weights]
    for ours, theirs in zip(loaded.get_weights(), method.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_an_optimizer_of_the_method_leaves_the_copy_out(encoder):
    method = Method(encoder)
    assert [id(w) for w in method.trainable_weights] == [id(w) for w in encoder.trainable_weights]


def test_says_what_does_not_fit(encoder):
    target = momentum_copy(encoder)
    for momentum in (-0.1, 1.1):
        with pytest.raises(ValueError, match=f"between 0 and 1. Received: momentum={momentum}"):
            momentum_update(encoder, target, momentum)
    with pytest.raises(ValueError, match="momentum_copy of.*Received: source="):
        momentum_update(encoder, backbones.small_cnn((8, 8, 1), filters=(4, 4)), 0.9)
