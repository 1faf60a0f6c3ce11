"""What Keras adds to a loss: regularizers of weights and activities, and `add_loss`."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import BYOL, DCGAN, SelfSupervisedModel, SwAV
from keras_ssl.augment import MultiCrop, crops


@keras.saving.register_keras_serializable("tests")
class Constant(keras.layers.Layer):
    """Adds the same to the loss in every call."""

    def call(self, inputs):
        self.add_loss(3.0 * tf.ones(()))
        return inputs


class Nothing(SelfSupervisedModel):
    """A method without a loss of its own, to see what is added to it."""

    def forward(self, views, training):
        return 0.0 * tf.reduce_sum(self.encoder(views, training=training)), {}

    def train_step(self, data):
        images = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(images, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)


def encoder_of(*layers, shape=(8, 8, 1)):
    inputs = keras.Input(shape)
    x = keras.layers.GlobalAveragePooling2D()(inputs)
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x)


def dense(units=4, **kwargs):
    return keras.layers.Dense(units, kernel_initializer="ones", use_bias=False, **kwargs)


def regularized_encoder():
    weights, activities = keras.regularizers.L2(0.5), keras.regularizers.L2(0.25)
    return encoder_of(dense(kernel_regularizer=weights, activity_regularizer=activities), Constant())


@pytest.fixture
def images():
    return np.full((8, 8, 8, 1), 2, "uint8")


@pytest.mark.parametrize("how", [{"run_eagerly": True}, {}, {"jit_compile": True}], ids=["eager", "graph", "xla"])
def test_an_encoder_learns_by_its_regularizers_as_under_keras(images, how):
    """Each of the 4 weights w = 1 adds 0.5 w² and, of its activity, 0.25 (2 w)²: gradients of w and 2 w."""
    encoder = regularized_encoder()
    model = Nothing(encoder)
    model.compile(keras.optimizers.SGD(0.1), **how)
    added = 4 * (0.5 + 0.25 * 4) + 3
    assert model.evaluate(images, verbose=0, return_dict=True)["loss"] == pytest.approx(added, rel=1e-6)
    history = model.fit(images, verbose=0).history
    assert history["loss"][0] == pytest.approx(added, rel=1e-6)
    np.testing.assert_allclose(encoder.get_weights()[0], 1 - 0.1 * (1 + 2), rtol=1e-6)

    plain = keras.models.clone_model(encoder)
    plain.set_weights([np.ones((1, 4))])
    plain.compile(keras.optimizers.SGD(0.1), loss=lambda y, features: 0.0 * tf.reduce_sum(features, axis=-1))
    expected = plain.fit(images.astype("float32"), np.zeros(8), verbose=0, batch_size=8).history["loss"]
    assert history["loss"] == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(encoder.get_weights()[0], plain.get_weights()[0], rtol=1e-6)


def test_replicas_add_it_once(images, two_replicas):
    with two_replicas.scope():
        encoder = regularized_encoder()
        model = Nothing(encoder)
        model.compile(keras.optimizers.SGD(0.1))
        history = model.fit(images, verbose=0).history
    assert history["loss"][0] == pytest.approx(4 * (0.5 + 0.25 * 4) + 3, rel=1e-6)
    np.testing.assert_allclose(encoder.get_weights()[0], 1 - 0.1 * (1 + 2), rtol=1e-6)


def test_each_pass_of_a_step_adds_its_own_and_a_momentum_encoder_none(images):
    """SwAV's encoder looks at large and at small crops, BYOL's at both views in one batch, and so does its copy."""

    def loss(method, augmenter, *layers):
        keras.utils.set_random_seed(0)
        encoder = encoder_of(dense(), *layers)
        heads = [keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)]) for _ in range(method is BYOL)]
        head = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), keras.layers.BatchNormalization()])
        model = method(encoder, head, *heads, augmenter=augmenter, **({"prototypes": 4} if method is SwAV else {}))
        model.compile("sgd", run_eagerly=True)
        return model.train_on_batch(images, return_dict=True)["loss"], model.evaluate(images, verbose=0)[0]

    multi_crop = MultiCrop(crops(8), crops(4), local_crops=2)
    for method, augmenter, passes in ((SwAV, multi_crop, 2), (BYOL, crops(8), 1)):
        difference = np.subtract(loss(method, augmenter, Constant()), loss(method, augmenter))
        np.testing.assert_allclose(difference, 3.0 * passes, rtol=1e-5, err_msg=method.__name__)


def test_adversaries_have_each_their_own(images):
    """The discriminator's losses are no business of the generator's, whose images it looks at."""

    def trained(strength):
        keras.utils.set_random_seed(0)
        latents = keras.Input((3,))
        drawn = keras.layers.Dense(64, kernel_regularizer=keras.regularizers.L2(strength))(latents)
        generator = keras.Model(latents, keras.layers.Reshape((8, 8, 1))(drawn))
        inputs = keras.Input((8, 8, 1))
        x = keras.layers.Conv2D(2, 4, strides=2, padding="same")(inputs)
        x = keras.layers.Conv2D(2, 4, strides=2, padding="same")(x)
        logit = keras.layers.Dense(1, activity_regularizer=keras.regularizers.L2(strength))(keras.layers.Flatten()(x))
        model = DCGAN((8, 8, 1), generator, keras.Model(inputs, logit), feature_grid=1)
        model.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.0), run_eagerly=True)
        before = generator.get_weights()[0]
        loss = model.train_on_batch(images, return_dict=True)["loss"]
        return before, generator.get_weights()[0], loss

    before, plain, plain_loss = trained(0.0)
    _, regularized, loss = trained(0.5)
    np.testing.assert_allclose(regularized, plain - 0.1 * before, atol=1e-6)
    assert loss > plain_loss + 0.5 * np.sum(before**2)


def test_a_step_of_ones_own_that_never_asks_for_its_images_adds_weights_once_a_step(images):
    class Direct(Nothing):
        def train_step(self, data):
            with tf.GradientTape() as tape:
                loss, logs = self.forward(tf.cast(data[0], tf.float32), training=True)
                self.minimize(loss, tape)
            return self.report(loss, logs)

    model = Direct(encoder_of(dense(kernel_regularizer=keras.regularizers.L2(0.5))))
    model.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
    losses = [model.train_on_batch(images, return_dict=True)["loss"] for _ in range(2)]
    assert losses == pytest.approx([2.0, 2.0], rel=1e-6)
