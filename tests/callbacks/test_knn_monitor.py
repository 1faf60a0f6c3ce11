import csv
from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.callbacks import KNNMonitor
from keras_ssl.evaluate import extract_features, knn, random_baseline, raw_pixels


class Whitener(keras.Model):
    """Stands for a method: an encoder with random layers, trained without labels."""

    def __init__(self):
        super().__init__()
        images = keras.Input((4, 4, 1))
        x = keras.layers.Dropout(0.5, seed=1)(keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(images)))
        x = keras.layers.BatchNormalization()(keras.layers.Dense(6)(x))
        self.encoder = keras.Model(images, x)
        self.traces = 0

    def call(self, images, training=None):
        return self.encoder(images, training=training)

    def train_step(self, images):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.encoder(images, training=True) - 1.0))
        self.optimizer.apply_gradients(
            zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables, strict=True)
        )
        return {"loss": loss}


@pytest.fixture
def data(rng):
    images = rng.integers(0, 256, (60, 4, 4, 1), "uint8")
    labels = np.arange(60) % 3
    return (images[:40], labels[:40]), (images[40:], labels[40:])


def fit(images, callbacks, epochs=3, **kwargs):
    keras.utils.set_random_seed(3)
    model = Whitener()
    model.compile(keras.optimizers.SGD(0.5))
    dataset = tf.data.Dataset.from_tensor_slices(images).batch(20)
    return model, model.fit(dataset, epochs=epochs, callbacks=callbacks, verbose=0, **kwargs).history


def test_logs_the_accuracy_of_the_encoder_as_it_is_then(data):
    model, history = fit(data[0][0], [KNNMonitor(*data, k=5)])
    assert len(history["val_knn_accuracy"]) == 3
    train, test = (extract_features(model.encoder, part, verbose=0) for part in data)
    assert history["val_knn_accuracy"][-1] == knn(train, test, k=5).accuracy


def test_labelled_data_sets_work_as_arrays_do(data):
    datasets = [tf.data.Dataset.from_tensor_slices(part).batch(16) for part in data]
    _, from_datasets = fit(data[0][0], [KNNMonitor(*datasets, k=5)])
    _, from_arrays = fit(data[0][0], [KNNMonitor(*data, k=5)])
    assert from_datasets["val_knn_accuracy"] == from_arrays["val_knn_accuracy"]


def test_training_is_the_same_with_and_without(data):
    plain, _ = fit(data[0][0], [])
    monitored, _ = fit(data[0][0], [KNNMonitor(*data, k=5)])
    for a, b in zip(plain.get_weights(), monitored.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_measures_first_every_and_last_and_repeats_between(data, monkeypatch):
    monitor = KNNMonitor(*data, every=3, k=5, baselines=False)
    measured = iter([0.0, 0.1, 0.3, 0.6, 0.7])  # the first before the training, to see that it can be done
    monkeypatch.setattr(monitor, "_measure", lambda embed: next(measured))
    _, history = fit(data[0][0], [monitor], epochs=7)
    assert history["val_knn_accuracy"] == [0.1, 0.1, 0.3, 0.3, 0.3, 0.6, 0.7]


def test_every_row_of_a_csv_log_has_the_number(data, tmp_path):
    path = tmp_path / "history.csv"
    fit(data[0][0], [KNNMonitor(*data, every=2, k=5), keras.callbacks.CSVLogger(path)], epochs=4)
    with open(path) as file:
        values = [float(row["val_knn_accuracy"]) for row in csv.DictReader(file)]
    assert len(values) == 4 and np.isfinite(values).all()


def test_early_stopping_sees_the_number(data, monkeypatch):
    monitor = KNNMonitor(*data, k=5)
    monkeypatch.setattr(monitor, "_measure", lambda embed: 0.5)
    stop = keras.callbacks.EarlyStopping("val_knn_accuracy", mode="max", patience=2)
    _, history = fit(data[0][0], [monitor, stop], epochs=9)
    assert len(history["loss"]) == 3


def test_the_encoder_is_traced_once_in_a_fit(data):
    monitor = KNNMonitor(*data, k=5, batch_size=16)
    fit(data[0][0], [monitor], epochs=4)
    assert monitor._embed._function.experimental_get_tracing_count() == 1


def test_diverged_features_log_nan(data):
    monitor, logs = KNNMonitor(*data, k=5), {}
    model, _ = fit(data[0][0], [monitor], epochs=1)
    model.encoder.set_weights([np.full_like(weight, np.nan) for weight in model.encoder.get_weights()])
    monitor.on_epoch_end(1, logs)
    assert np.isnan(logs["val_knn_accuracy"])


def test_under_mirrored_strategy(data, two_replicas):
    with two_replicas.scope():
        _, history = fit(data[0][0], [KNNMonitor(*data, k=5)], epochs=1)
    assert 0 <= history["val_knn_accuracy"][0] <= 1


def test_references_are_measured_once_on_the_same_images_and_said(data, capsys):
    monitor = KNNMonitor(*data, k=5, verbose=1)
    model, history = fit(data[0][0], [monitor], epochs=2)
    expected = {
        "knn_accuracy_of_raw_pixels": knn(*(raw_pixels(part) for part in data), k=5).accuracy,
        "knn_accuracy_of_random_encoder": random_baseline(model.encoder, *data, partial(knn, k=5), seeds=1).accuracy,
    }
    assert {name: history[name] for name in expected} == {name: [value] * 2 for name, value in expected.items()}
    said = "kNN accuracy to beat, on 20 images: {:.3f} of raw pixels, {:.3f} of the random encoder.\n"
    assert capsys.readouterr().out == said.format(*expected.values())
    assert monitor.scored_images == 20


def test_known_references_are_taken_and_none_wanted_are_none(data):
    _, history = fit(data[0][0], [KNNMonitor(*data, k=5, baselines={"knn_accuracy_of_raw_pixels": 0.75})], epochs=2)
    assert history["knn_accuracy_of_raw_pixels"] == [0.75] * 2 and "knn_accuracy_of_random_encoder" not in history
    _, history = fit(data[0][0], [KNNMonitor(*data, k=5, baselines=False)], epochs=1)
    assert set(history) == {"loss", "val_knn_accuracy"}


def test_an_encoder_that_keras_cannot_rebuild_has_pixels_alone_beside_it(data, monkeypatch):
    def fail(*args):
        raise ValueError("cannot rebuild")

    monkeypatch.setattr("keras_ssl.evaluate.baselines.random_encoder", fail)
    _, history = fit(data[0][0], [KNNMonitor(*data, k=5)], epochs=1)
    assert set(history) == {"loss", "val_knn_accuracy", "knn_accuracy_of_raw_pixels"}


def test_says_what_it_cannot_work_with(data):
    images, _ = data[0]
    with pytest.raises(ValueError, match="train without labels"):
        KNNMonitor(images, data[1])
    with pytest.raises(ValueError, match="every=0"):
        KNNMonitor(*data, every=0)
    with pytest.raises(ValueError, match="same shape"):
        KNNMonitor(data[0], (np.zeros((5, 8, 8, 1)), np.arange(5)))
    plain = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    plain.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"model\.encoder"):
        plain.fit(images, np.zeros(40), callbacks=[KNNMonitor(*data)], verbose=0)
    with pytest.raises(ValueError, match="k=99"):
        fit(images, [KNNMonitor(*data, k=99)])


def test_images_without_a_label_are_left_out(data):
    (images, labels), validation = data
    marked = np.where(np.arange(40) < 10, -1, labels)
    _, expected = fit(images, [KNNMonitor((images[10:], labels[10:]), validation, k=5)], epochs=1)
    _, history = fit(images, [KNNMonitor((images, marked), validation, k=5)], epochs=1)
    assert history == expected
    monitor = KNNMonitor(data[0], (validation[0], np.where(np.arange(20) < 5, -1, validation[1])), k=5)
    fit(images, [monitor], epochs=1)
    assert monitor.scored_images == 15


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda y: np.full_like(y, -1), "Received: train with only labels below 0"),
        (lambda y: np.zeros_like(y), "the class 0 alone"),
        (lambda y: y + 0.5, "integers.*dtype float"),
    ],
    ids=["unlabelled", "one-class", "floats"],
)
@pytest.mark.parametrize("baselines", [True, False])
def test_labels_that_do_not_do_are_refused_before_the_first_step(data, spoil, message, baselines):
    (images, labels), validation = data
    seen = []
    monitor = KNNMonitor((images, spoil(labels)), validation, k=5, baselines=baselines)
    watch = keras.callbacks.LambdaCallback(on_train_batch_begin=lambda *args: seen.append(args))
    with pytest.raises(ValueError, match=message):
        fit(images, [monitor, watch], epochs=1)
    assert not seen
