import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_ssl
from keras_ssl import backbones, losses
from keras_ssl.evaluate import Features, frechet_distance

SHAPE, FILTERS = (8, 8, 1), (4, 6)


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (12, *SHAPE), dtype="uint8")


def build(**kwargs):
    keras.utils.set_random_seed(1)
    return keras_ssl.DCGAN(SHAPE, **{"latent_dim": 3, "filters": FILTERS, **kwargs})


def compiled(learning_rate=0.1, run_eagerly=False, jit_compile="auto", **kwargs):
    model = build(**kwargs)
    model.compile(
        keras.optimizers.SGD(learning_rate),
        keras.optimizers.SGD(learning_rate),
        run_eagerly=run_eagerly,
        jit_compile=jit_compile,
    )
    return model


def values(variables):
    return [np.asarray(variable) for variable in variables]


def assert_close(variables, expected, **kwargs):
    for variable, value in zip(variables, expected, strict=True):
        np.testing.assert_allclose(variable, value, **kwargs)


def test_defaults_are_the_papers():
    model = keras_ssl.DCGAN((32, 32, 3))
    assert model.latent_dim == 100 and model.generator.input_shape == (None, 100)
    assert model.generator.output_shape == model.discriminator.input_shape == (None, 32, 32, 3)
    model.compile()
    for optimizer in (model.generator_optimizer, model.discriminator_optimizer):
        assert isinstance(optimizer, keras.optimizers.Adam)
        assert optimizer.beta_1 == 0.5 and float(optimizer.learning_rate) == pytest.approx(2e-4)


def test_a_step_updates_the_discriminator_and_then_the_generator_against_it(images):
    """Algorithm 1 of Goodfellow et al., written out."""
    model, mirror = compiled(), compiled()
    pixels = tf.cast(images, tf.float32)
    latents = mirror.draws().normal(len(images), 3)
    d_weights, g_weights = (m.trainable_variables for m in (mirror.discriminator, mirror.generator))
    fakes = mirror.generator(latents, training=True)
    with tf.GradientTape() as tape:
        real_logits = mirror.discriminator(pixels, training=True)
        d_loss = losses.discriminator_loss(real_logits, mirror.discriminator(fakes, training=True))
    for weight, gradient in zip(d_weights, tape.gradient(d_loss, d_weights), strict=True):
        weight.assign_sub(0.1 * gradient)
    with tf.GradientTape() as tape:
        g_loss = losses.generator_loss(mirror.discriminator(mirror.generator(latents, training=True), training=True))
    for weight, gradient in zip(g_weights, tape.gradient(g_loss, g_weights), strict=True):
        weight.assign_sub(0.1 * gradient)

    logs = model.train_on_batch(images, return_dict=True)
    assert_close(model.trainable_variables, values(mirror.trainable_variables), atol=1e-5)
    assert logs["discriminator_loss"] == pytest.approx(float(d_loss), rel=1e-4)
    assert logs["generator_loss"] == pytest.approx(float(g_loss), rel=1e-4)
    assert logs["loss"] == pytest.approx(float(d_loss + g_loss), rel=1e-4)
    assert logs["real_accuracy"] == pytest.approx(np.mean(real_logits > 0))
    assert int(model.step) == 1


def test_forward_is_both_losses_without_an_update(images):
    model = build(label_smoothing=0.2)
    pixels = tf.cast(images, tf.float32)
    loss, logs = model.forward(pixels, training=False)
    fakes = model.generator(model.draws(training=False).normal(len(images), 3))
    real_logits, fake_logits = model.discriminator(pixels), model.discriminator(fakes)
    d_loss = losses.discriminator_loss(real_logits, fake_logits, 0.2)
    np.testing.assert_allclose(loss, d_loss + losses.generator_loss(fake_logits), rtol=1e-5)
    assert set(logs) == set(model.logged)
    assert float(logs["fake_accuracy"]) == pytest.approx(np.mean(fake_logits < 0))


def test_latents_are_another_normal_draw_in_every_step(images):
    model = compiled()
    first = np.asarray(model._latents(tf.zeros((500, 1)), training=True))
    assert abs(first.mean()) < 0.1 and abs(first.std() - 1) < 0.1
    model.train_on_batch(images)
    assert np.abs(first - model._latents(tf.zeros((500, 1)), training=True)).min() > 0


def test_r1_is_half_the_squared_gradient_for_pixels_up_to_one(images):
    weight = 1e6  # the networks are almost flat at first
    model = build(r1_weight=weight)
    pixels = tf.cast(images, tf.float32)
    scaled = tf.constant(pixels / 127.5 - 1)
    with tf.GradientTape() as tape:
        tape.watch(scaled)
        logits = model.discriminator((scaled + 1) * 127.5)
    squared = tf.reduce_sum(tape.gradient(logits, scaled) ** 2, axis=(1, 2, 3))
    penalty = model.forward(pixels, training=False)[0] - build().forward(pixels, training=False)[0]
    np.testing.assert_allclose(penalty, weight * 0.5 * np.mean(squared), rtol=1e-3)


@pytest.mark.parametrize(
    "options", [{"r1_weight": 10.0}, {"spectral_normalization": True}], ids=["r1", "spectral_normalization"]
)
def test_stabilised_steps_are_the_same_eagerly_in_a_graph_and_under_xla(images, options):
    states = []
    for how in ({}, {"run_eagerly": True}, {"jit_compile": True}):
        model = compiled(0.01, **options, **how)
        model.fit(images, batch_size=6, epochs=2, verbose=0)
        states.append(values(model.weights))
    for state in states[1:]:
        assert_close(state, states[0], atol=1e-3)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize(
    "options", [{"r1_weight": 10.0}, {"spectral_normalization": True}], ids=["r1", "spectral_normalization"]
)
def test_stabilised_steps_hold_in_half_precision(images, options, policy):
    keras.config.set_dtype_policy(policy)
    model = compiled(0.01, **options)
    model.fit(images, batch_size=6, epochs=2, verbose=0)
    assert all(np.isfinite(value).all() for value in values(model.weights))


def test_synchronized_networks_and_spectral_normalization_learn_on_replicas_what_one_device_learns(
    images, two_replicas
):
    def trained():
        keras.utils.set_random_seed(1)
        model = keras_ssl.DCGAN(
            SHAPE,
            backbones.dcgan_generator(SHAPE, 3, FILTERS, synchronized=True),
            backbones.dcgan_discriminator(SHAPE, FILTERS, spectral_normalization=True),
        )
        model.compile(keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.01))
        model.fit(images, batch_size=6, epochs=2, verbose=0)
        return values(model.weights)

    alone = trained()
    with two_replicas.scope():
        together = trained()
    assert_close(together, alone, atol=1e-4)


def test_goes_on_after_loading_with_both_optimizers(images, tmp_path):
    def adams():
        return [keras.optimizers.Adam(0.01, beta_1=0.5) for _ in range(2)]

    whole, half = (build(spectral_normalization=True) for _ in range(2))
    whole.compile(*adams())
    half.compile(*adams())
    whole.fit(images, batch_size=6, epochs=2, verbose=0)
    half.fit(images, batch_size=6, epochs=1, verbose=0)
    half.save(tmp_path / "half.keras")
    loaded = keras.saving.load_model(tmp_path / "half.keras")
    assert int(loaded.generator_optimizer.iterations) == int(loaded.discriminator_optimizer.iterations) == 2
    loaded.fit(images, batch_size=6, initial_epoch=1, epochs=2, verbose=0)
    assert_close(values(loaded.weights), values(whole.weights), rtol=0)
    owned = {id(weight) for weight in loaded.discriminator.weights}
    assert {id(weight) for weight in loaded.encoder.weights} <= owned


def test_both_losses_are_scaled_under_float16():
    keras.config.set_dtype_policy("mixed_float16")
    model = build()
    model.compile()
    for optimizer in (model.generator_optimizer, model.discriminator_optimizer):
        assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        assert isinstance(optimizer.inner_optimizer, keras.optimizers.Adam)


def test_generates_the_same_raw_pixels_for_the_same_seed():
    model = build()
    images = model.generate(7, seed=3)
    assert images.shape == (7, *SHAPE) and images.dtype == np.float32
    assert images.min() >= 0 and images.max() <= 255
    np.testing.assert_array_equal(model.generate(7, seed=3), images)
    np.testing.assert_allclose(model.generate(4, seed=3), images[:4], atol=1e-3)
    np.testing.assert_allclose(model.generate(7, seed=3, batch_size=2), images, atol=1e-3)
    assert np.abs(model.generate(7, seed=4) - images).max() > 0


def test_decodes_given_latents(rng):
    model = build()
    latents = rng.normal(size=(5, 3))
    np.testing.assert_allclose(model.decode(latents), model.generator(latents.astype("float32")), atol=1e-3)
    with pytest.raises(ValueError, match=r"latents of shape \(n, 3\).*Received: latents of shape \(5, 4\)"):
        model.decode(np.zeros((5, 4)))


def test_images_come_to_look_like_digits():
    digits, _ = keras_ssl.data.digits.load_digits("train")
    keras.utils.set_random_seed(0)
    model = keras_ssl.DCGAN(SHAPE, filters=(32, 64))
    model.compile(*(keras.optimizers.Adam(1e-3, beta_1=0.5) for _ in range(2)))

    def distance():
        real, fake = (images.reshape(len(images), -1) / 255 for images in (digits[:500], model.generate(500)))
        return frechet_distance(None, Features(real), Features(fake))

    start = distance()
    model.fit(digits, batch_size=32, epochs=3, verbose=0)
    assert distance() < start / 3


@pytest.mark.parametrize(
    "arguments", [(keras.optimizers.Adam(),) * 2, ("adam", "sgd", "sgd")], ids=["shared", "three"]
)
def test_an_optimizer_for_each_network(arguments):
    names = ("generator_optimizer", "discriminator_optimizer", "optimizer")
    with pytest.raises(ValueError, match="two networks, each with an optimizer of its own.*Received: optimizer="):
        build().compile(**dict(zip(names, arguments, strict=False)))


@pytest.mark.parametrize("name", ["optimizer", "generator_optimizer", "discriminator_optimizer"])
@pytest.mark.parametrize(
    "optimizer", ["rmsprop", keras.optimizers.RMSprop(0.02, momentum=0.3)], ids=["name", "object"]
)
def test_one_optimizer_is_for_both_networks(name, optimizer):
    model = build()
    model.compile(**{name: optimizer})
    first, second = model.generator_optimizer, model.discriminator_optimizer
    assert first is not second and first.name != second.name
    expected = keras.optimizers.get(optimizer).get_config() | {"name": None}
    assert first.get_config() | {"name": None} == second.get_config() | {"name": None} == expected


@pytest.mark.parametrize("argument", [{"metrics": ["accuracy"]}, {"loss": "mse"}])
def test_what_compile_does_not_take(argument):
    with pytest.raises(ValueError, match=f"has its own loss.*Received: .*{next(iter(argument))}="):
        build().compile(**argument)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latent_dim": 0}, "latent_dim=0"),
        ({"label_smoothing": 1.0}, "label_smoothing=1.0"),
        ({"r1_weight": -1.0}, "r1_weight=-1.0"),
        ({"feature_grid": 0}, "grid=0"),
        ({"filters": (4, 4, 4, 4)}, "at least 16 pixels"),
        ({"generator": "dcgan"}, "generator must be a built keras.Model"),
        ({"generator": backbones.dcgan_generator((16, 16, 1), 3, FILTERS)}, r"\(None, 16, 16, 1\).*\(8, 8, 1\)"),
        ({"generator": backbones.dcgan_generator(SHAPE, 5, FILTERS)}, r"\(None, 5\), latent_dim=3"),
        ({"discriminator": backbones.dcgan_discriminator((16, 8, 1), FILTERS)}, r"\(None, 16, 8, 1\).*\(8, 8, 1\)"),
        ({"discriminator": backbones.small_cnn(SHAPE, FILTERS)}, r"one logit.*output_shape=\(None, 6\)"),
        (
            {"discriminator": backbones.dcgan_discriminator(SHAPE, FILTERS), "spectral_normalization": True},
            "spectral_normalization=True and discriminator=",
        ),
        (
            {
                "discriminator": backbones.dcgan_discriminator(SHAPE, FILTERS),
                "generator": backbones.dcgan_generator(SHAPE, 3, FILTERS),
            },
            "default networks",
        ),
    ],
)
def test_says_what_does_not_fit(arguments, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        build(**arguments)


def test_the_latents_are_those_of_ones_own_generator():
    model = keras_ssl.DCGAN(SHAPE, backbones.dcgan_generator(SHAPE, 7, FILTERS), filters=FILTERS)
    assert model.latent_dim == 7 and model.generate(2).shape == (2, *SHAPE)
