import csv
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_ssl
from keras_ssl.callbacks import CollapseMonitor
from keras_ssl.evaluate import rankme
from keras_ssl.losses import embedding_spread, negative_cosine

AUGMENTER = keras_ssl.augment.compose([keras_ssl.augment.RandomBrightnessContrast(0.4, 0.4)], jit_compile=False)


class Attraction(keras_ssl.SelfSupervisedModel):
    """Pulls two views together and nothing else: all images end in one point, or in one direction."""

    views = 2

    def __init__(self, distance, **kwargs):
        inputs = keras.Input((4, 4, 1))
        x = keras.layers.Rescaling(1 / 255)(keras.layers.Flatten()(inputs))
        encoder = keras.Model(inputs, keras.layers.Dense(8)(keras.layers.Dense(16, activation="relu")(x)))
        super().__init__(encoder, AUGMENTER, **kwargs)
        self.distance = distance

    def forward(self, views, training):
        return self.distance(*tf.split(self.encoder(views, training=training), 2)), {}

    def train_step(self, data):
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)


class AttractionInWords(Attraction):
    """Logs the spread, as the package's methods do."""

    logged = ("embedding_spread",)

    def forward(self, views, training):
        loss, _ = super().forward(views, training)
        return loss, {"embedding_spread": embedding_spread(self.encoder(views))}


def squared(a, b):
    return tf.reduce_mean(tf.square(a - b))


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (64, 4, 4, 1), "uint8")


def fit(images, callbacks, distance=negative_cosine, method=Attraction, epochs=30, rate=0.02):
    keras.utils.set_random_seed(1)
    model = method(distance)
    model.compile(keras.optimizers.Adam(rate))
    return model, model.fit(images, batch_size=32, epochs=epochs, callbacks=callbacks, verbose=0).history


def test_logs_spread_rank_and_deviation_of_the_encoder_as_it_is_then(images):
    model, history = fit(images, [CollapseMonitor(images[:20], min_spread=0, min_rank=1)], epochs=2)
    features = model.encoder.predict(images[:20], verbose=0)
    np.testing.assert_allclose(history["feature_spread"][-1], embedding_spread(features), rtol=1e-4)
    np.testing.assert_allclose(history["feature_rank"][-1], rankme(features), rtol=1e-4)
    np.testing.assert_allclose(history["feature_std"][-1], features.std(axis=0).mean(), rtol=1e-4)


def test_warns_once_when_all_images_point_in_one_direction(images):
    with pytest.warns(UserWarning, match="collapsed by epoch .*feature_spread is .* below 0.03") as record:
        _, history = fit(images, [CollapseMonitor(images[:32], min_rank=1)])
    assert len([w for w in record if "collapsed" in str(w.message)]) == 1
    assert history["feature_spread"][-1] < 0.03 and len(history["loss"]) == 30


def test_warns_when_a_single_dimension_is_left(images):
    with pytest.warns(UserWarning, match="feature_rank is .* below 1.5"):
        fit(images, [CollapseMonitor(images[:32], min_spread=0)])


def test_warns_when_features_shrink_to_a_point(images):
    with pytest.warns(UserWarning, match="feature_std fell from"):
        fit(images, [CollapseMonitor(images[:32], min_spread=0, min_rank=1)], squared, epochs=60)


def test_watches_the_logs_alone_without_images(images):
    with pytest.warns(UserWarning, match="embedding_spread is .* below 0.03"):
        _, history = fit(images, [CollapseMonitor()], method=AttractionInWords)
    assert "feature_rank" not in history


def test_stops_training_if_asked_to(images):
    with pytest.warns(UserWarning, match="Training stops here"):
        _, history = fit(images, [CollapseMonitor(images[:32], stop=True)])
    assert len(history["loss"]) < 30


def test_a_method_that_does_not_collapse_is_left_in_peace(images):
    model = keras_ssl.SimCLR(keras_ssl.backbones.small_cnn((4, 4, 1), filters=(8,)), augmenter=AUGMENTER)
    model.compile(keras.optimizers.Adam(1e-3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = model.fit(
            images, batch_size=32, epochs=3, callbacks=[CollapseMonitor(images[:32], stop=True)], verbose=0
        ).history
    assert len(history["feature_rank"]) == 3 and min(history["feature_rank"]) > 1.5


def test_divergence_is_said_too(images):
    """Where features are NaN of weights that are not: fit itself stops at weights and losses that are NaN."""
    model, _ = fit(images, [], epochs=1)
    model.encoder.set_weights([np.full(weight.shape, np.nan) for weight in model.encoder.get_weights()])
    monitor = CollapseMonitor(images[:32])
    monitor.set_model(model)
    monitor.set_params({"epochs": 2})
    monitor.on_train_begin()
    with pytest.warns(UserWarning, match="feature_rank is not a number: training has diverged"):
        monitor.on_epoch_end(0)


def test_training_is_the_same_with_and_without(images):
    plain, _ = fit(images, [], epochs=2)
    monitored, _ = fit(images, [CollapseMonitor(images[:32])], epochs=2)
    for a, b in zip(plain.get_weights(), monitored.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_measures_first_every_and_last_and_each_row_of_a_csv_log_has_numbers(images, tmp_path):
    path = tmp_path / "history.csv"
    monitor = CollapseMonitor(images[:32], every=3, min_spread=0, min_rank=1)
    fit(images, [monitor, keras.callbacks.CSVLogger(path)], epochs=5)
    with open(path) as file:
        ranks = [float(row["feature_rank"]) for row in csv.DictReader(file)]
    assert ranks[0] == ranks[1] and ranks[2] == ranks[3] and len(set(ranks)) == 3


def test_says_what_it_cannot_work_with(images):
    for wrong in ({"every": 0}, {"min_spread": 2}, {"min_rank": 0.5}):
        with pytest.raises(ValueError, match=f"Received: {next(iter(wrong))}="):
            CollapseMonitor(images, **wrong)
    plain = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    plain.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"model\.encoder"):
        plain.fit(images, np.zeros(64), callbacks=[CollapseMonitor(images)], verbose=0)
