"""What the base class does for every method, tried on SimCLR."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import BYOL, Autoencoder, SelfSupervisedModel, SimCLR, augment, backbones
from keras_ssl.data import from_arrays
from keras_ssl.optimizers import CosineMomentum


@pytest.fixture
def model(gray_views):
    inputs = keras.Input((8, 8, 1))
    encoder = keras.Model(inputs, keras.layers.Dense(4)(keras.layers.Flatten()(inputs)))
    head = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    model = SimCLR(encoder, head, gray_views)
    model.compile(keras.optimizers.SGD(0.01))
    return model


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (24, 8, 8, 1), dtype="uint8")


@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda x: x / 255.0, r"in \[0, 1\].*multiply by 255"),
        (lambda x: x / 127.5 - 1, r"raw pixels in \[0, 255\]"),
        (lambda x: np.where(x > 9, x, np.nan), "NaN"),
        (lambda x: np.repeat(x, 3, axis=-1), "built for 1 channels"),
        (lambda x: x[..., 0], "channel axis"),
        (lambda x: x[:0], "no images"),
        (lambda x: x[:1], "at least 2"),
        (lambda x: np.arange(24), "look like labels"),
    ],
    ids=["unit", "centered", "nan", "channels", "no-channel-axis", "empty", "single", "labels"],
)
def test_bad_arrays_are_refused_in_words_before_any_update(model, images, spoil, message):
    before = model.get_weights()
    with pytest.raises(ValueError, match=f"(?s){message}.*Received:"):
        model.fit(spoil(images.astype("float32")), batch_size=8, verbose=0)
    for now, was in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, was)


@pytest.mark.parametrize(
    "batches, message",
    [
        (lambda x: x.batch(8).map(lambda batch: batch / 255), r"in \[0, 1\]"),
        (lambda x: x.batch(8).map(lambda batch: (tf.range(8), batch)), "look like labels"),
        (lambda x: x, "call .batch"),
        (lambda x: x.batch(1, drop_remainder=True), "at least 2"),
        (lambda x: x.batch(1), "at least 2"),
    ],
    ids=["unit", "labels", "single-images", "batch-of-one", "dynamic-batch-of-one"],
)
def test_bad_data_sets_are_refused_in_words(model, images, batches, message):
    dataset = batches(tf.data.Dataset.from_tensor_slices(images.astype("float32")))
    with pytest.raises(ValueError, match=f"(?s){message}.*Received:"):
        model.fit(dataset, verbose=0)


def test_a_refused_fit_does_not_spoil_the_next(model, images):
    for refused in (images.astype("float32")[:1], tf.data.Dataset.from_tensor_slices(images).batch(1)):
        with pytest.raises(ValueError, match="at least 2"):
            model.fit(refused, verbose=0)
    assert np.isfinite(model.fit(images, batch_size=8, verbose=0).history["loss"][0])


@pytest.mark.parametrize("value", [0, 255])
def test_an_all_black_or_white_image_is_an_image(model, value):
    model.fit(np.full((4, 8, 8, 1), value, "uint8"), verbose=0)


def test_loss_and_metrics_are_the_methods_own(model):
    with pytest.raises(ValueError, match=r"its own loss.*Received: loss='mse', metrics=\['accuracy'\]"):
        model.compile("adam", loss="mse", metrics=["accuracy"])


def test_a_last_batch_of_one_is_left_out_with_a_warning(model, images):
    with pytest.warns(UserWarning, match="batch of one"):
        model.fit(images[:17], batch_size=8, verbose=0)
    assert int(model.step) == 2


def test_a_remainder_that_can_be_compared_is_used(model, images):
    model.fit(images[:18], batch_size=8, verbose=0)
    assert int(model.step) == 3


def test_validation_split_takes_the_last_part(model, images):
    history = model.fit(images, batch_size=8, validation_split=1 / 3, verbose=0).history
    assert int(model.step) == 2
    assert history["val_loss"][0] == pytest.approx(model.evaluate(images[16:], batch_size=8, verbose=0)[0], rel=1e-5)


def test_a_batch_size_for_batches_is_refused(model, images):
    dataset = tf.data.Dataset.from_tensor_slices(images).batch(8)
    with pytest.raises(ValueError, match="batches already.*Received: batch_size=4"):
        model.fit(dataset, batch_size=4)


def test_several_steps_per_execution_are_the_same_steps(model, images):
    weights = model.get_weights()
    model.fit(images, batch_size=8, verbose=0)
    expected = model.get_weights()
    model.set_weights(weights)
    model.compile(keras.optimizers.SGD(0.01), steps_per_execution=3)
    model.fit(images, batch_size=8, verbose=0)
    for now, then in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(now, then, atol=1e-6)


def test_xla_for_several_replicas_is_refused_in_words(model, two_replicas):
    with two_replicas.scope():
        copy = SimCLR.from_config(model.get_config())
        with pytest.raises(ValueError, match="Received: jit_compile=True"):
            copy.compile("adam", jit_compile=True)


def test_a_data_set_of_the_users_own_is_iterated_by_fit_alone(model, images):
    pulled = []

    def generate():
        for _ in range(3):
            pulled.append(1)
            yield images[:8]

    dataset = tf.data.Dataset.from_generator(generate, output_signature=tf.TensorSpec((None, 8, 8, 1), tf.uint8))
    model.fit(dataset.prefetch(0), verbose=0)
    assert len(pulled) == 3


def test_a_method_of_ones_own_needs_forward_and_train_step_alone(images):
    class Attraction(SelfSupervisedModel):
        views = 2

        def forward(self, views, training):
            a, b = tf.split(self.encoder(views, training=training), 2)
            return tf.reduce_mean(tf.square(a - b)), {}

        def train_step(self, data):
            views = self.augment(self.images(data))
            with tf.GradientTape() as tape:
                loss, logs = self.forward(views, training=True)
            self.minimize(loss, tape)
            return self.report(loss, logs)

    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    encoder = keras.Model(inputs, keras.layers.Dense(4)(keras.layers.Flatten()(x)))
    model = Attraction(encoder)
    model.compile(keras.optimizers.SGD(0.1))
    losses = model.fit(images, batch_size=8, epochs=25, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 2


@pytest.mark.parametrize(
    "arguments",
    [
        lambda x: ((x, None, 8, 1), {}),
        lambda x: ((tf.data.Dataset.from_tensor_slices({"image": x, "label": range(24)}).batch(8),), {}),
        lambda x: ((x, None, 8), {"validation_data": tf.data.Dataset.from_tensor_slices(x).batch(8)}),
        lambda x: ((x, None, 8), {"callbacks": keras.callbacks.LambdaCallback()}),
    ],
    ids=["positional", "dicts", "validation-data-set", "one-callback"],
)
def test_fit_takes_what_keras_takes(model, images, arguments):
    args, kwargs = arguments(images)
    model.fit(*args, **{"verbose": 0, **kwargs})
    assert int(model.step) == 3


@pytest.mark.parametrize(
    "arguments, message",
    [
        (lambda x: {"x": iter([x]), "epochs": 2}, "steps_per_epoch.*from_generator"),
        (lambda x: {"x": x, "class_weight": {0: 1.0}}, "leave class_weight out"),
        (lambda x: {"x": tf.data.Dataset.from_tensor_slices({"pixels": x}).batch(8)}, 'key "image"'),
    ],
    ids=["generator", "class-weight", "dicts-without-images"],
)
def test_fit_says_what_to_write_instead(model, images, arguments, message):
    with pytest.raises(ValueError, match=f"{message}.*Received:"):
        model.fit(**arguments(images), verbose=0)


def test_evaluate_and_predict_take_what_keras_takes(model, images):
    rows = tf.data.Dataset.from_tensor_slices({"id": range(24), "image": images, "label": range(24)}).batch(8)
    expected = model.predict(images, verbose=0)
    for source in (
        rows,
        iter([images]),
        iter([(images, np.arange(24))]),
        tf.data.Dataset.from_tensors((images, range(24))),
    ):
        np.testing.assert_allclose(model.predict(source, verbose=0), expected, rtol=1e-5)
    loss = model.evaluate(tf.data.Dataset.from_tensor_slices(images).batch(8), verbose=0, return_dict=True)
    assert model.evaluate(rows, verbose=0, return_dict=True) == loss


def test_values_beyond_255_are_refused_with_the_numbers_by_all(model, images):
    deep = images.astype("uint16") * 16
    batches = tf.data.Dataset.from_tensor_slices(deep).batch(8)
    for call in (model.fit, model.evaluate, model.predict):
        with pytest.raises(ValueError, match=f"value_range=.*Received: .*{deep.max()}"):
            call(deep, verbose=0)
    for call in (model.fit, model.evaluate):
        with pytest.raises(ValueError, match="value_range=.*Received: pixels from"):
            call(batches, verbose=0)


def test_fit_before_compile_is_refused_in_words(model, images):
    with pytest.raises(ValueError, match="before fit.*Received:"):
        SimCLR.from_config(model.get_config()).fit(images, batch_size=8)


def test_no_loss_and_no_metrics_are_as_good_as_none_given(model):
    model.compile("sgd", loss=None, metrics=None)
    assert model.compiled


def test_validation_split_rounds_the_training_part_down(model, images):
    with pytest.warns(UserWarning, match="leaves out one image"):  # 17 of 17.6
        model.fit(images[:22], batch_size=4, validation_split=0.2, verbose=0)
    assert int(model.step) == 4


@pytest.mark.parametrize("verb", ["fit", "evaluate", "predict"])
def test_data_sets_are_iterated_without_the_autotuner(model, images, monkeypatch, verb):
    seen = []
    original = getattr(keras.Model, verb)

    def spy(self, x, *args, **kwargs):
        seen.append(x.options().autotune.enabled)
        return original(self, x, *args, **kwargs)

    monkeypatch.setattr(keras.Model, verb, spy)
    getattr(model, verb)(tf.data.Dataset.from_tensor_slices(images).batch(8), verbose=0)
    assert seen == [False]


def test_a_loss_of_images_is_their_mean_in_batches_of_any_size(model, images):
    """The ninth image is no eighth as dear as the other eight together."""
    model = Autoencoder(model.encoder)
    model.compile("sgd")
    nine = np.concatenate([images[:8], np.full((1, 8, 8, 1), 255, "uint8")])
    whole = model.evaluate(nine, verbose=0, return_dict=True)
    parts = model.evaluate(nine, batch_size=8, verbose=0, return_dict=True)
    assert parts == pytest.approx(whole, rel=1e-5)
    assert model.fit(images, validation_data=tf.data.Dataset.from_tensor_slices(nine).batch(4), verbose=0).history[
        "val_loss"
    ] == pytest.approx([model.evaluate(nine, verbose=0)[0]], rel=1e-5)


@pytest.mark.filterwarnings("ignore:Without batch normalization")
def test_the_state_of_a_training_is_shown_as_it_is_and_no_mean_of_it(model, images, two_replicas):
    momentum = CosineMomentum(total_steps=6, initial=0.5)

    def history():
        heads = (keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)]) for _ in range(2))
        byol = BYOL(keras.models.clone_model(model.encoder), *heads, model.augmenter, momentum=momentum)
        byol.compile("sgd")
        return byol.fit(images, batch_size=8, epochs=2, verbose=0).history["momentum"]

    expected = [float(momentum(2)), float(momentum(5))]
    assert history() == pytest.approx(expected, rel=1e-6)
    with two_replicas.scope():
        assert history() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    "source, steps",
    [(lambda x: x, None), (lambda x: from_arrays(x, batch_size=8).map(lambda images: images), 2)],
    ids=["array", "mapped-short-epochs"],
)
def test_fits_of_one_epoch_and_a_resumed_fit_see_the_images_of_one_long_fit(model, images, source, steps):
    fresh = model.get_weights()
    batch_size = None if steps else 8

    def trained(*fits):
        model.set_weights(fresh)
        data = source(images)
        for arguments in fits:
            model.fit(data, batch_size=batch_size, steps_per_epoch=steps, verbose=0, **arguments)
        return np.concatenate([np.ravel(weight) for weight in model.get_weights()])

    whole = trained({"epochs": 3})
    np.testing.assert_array_equal(trained({}, {}, {}), whole)
    np.testing.assert_array_equal(trained({"epochs": 2}, {"initial_epoch": 2, "epochs": 3}), whole)


def test_data_of_unknown_length_makes_no_step_more_than_it_has_batches(model, images):
    dataset = tf.data.Dataset.from_tensor_slices(images).batch(8).filter(lambda batch: True)
    model.fit(dataset, epochs=2, verbose=0)
    assert int(model.step) == int(model.optimizer.iterations) == 6


def test_nothing_is_written_of_weights_that_are_not_finite(encoder, tmp_path):
    model = SimCLR(encoder)
    model.compile("adam")
    model.encoder.set_weights([np.full_like(weight, np.nan) for weight in model.encoder.get_weights()])
    for write, name in ((model.save, "a.keras"), (model.save_weights, "a.weights.h5"), (model.export, "a")):
        with pytest.raises(ValueError, match="are not finite"):
            write(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_first_batch_with_unequal_shares_and_an_augmenter_that_nothing_has_called(two_replicas):
    with two_replicas.scope():
        inputs = keras.Input((8, 8, 1))
        encoder = keras.Model(inputs, keras.layers.Dense(4)(keras.layers.Flatten()(inputs)))
        model = SimCLR(encoder, augmenter=augment.compose([augment.RandomFlip(0.0)]))
        model.compile("adam")
    images = np.random.default_rng(0).integers(0, 256, (14, *model.encoder.input_shape[1:]), dtype="uint8")
    history = model.fit(images, batch_size=7, verbose=0).history
    assert history["contrastive_accuracy"] == [1.0]  # both views are the image itself


def test_the_summary_names_the_parts(capsys):
    encoder = backbones.small_cnn((8, 8, 1), filters=(4, 8))
    model = BYOL(encoder)
    model.summary()
    printed = capsys.readouterr().out
    for name in ("encoder", "projector", "predictor", "target_encoder", "target_projector", "augmenter"):
        assert f" {name} " in printed
    assert model.encoder.name == "small_cnn" and model.get_layer("small_cnn") is model.encoder
