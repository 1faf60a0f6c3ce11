"""NaN and infinity: noted in the step, and nothing is kept of them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import Autoencoder
from keras_ssl.callbacks import Checkpoint, latest_checkpoint
from keras_ssl.checks.finite import check_finite_weights
from keras_ssl.export import saved_model
from keras_ssl.runs.encoder_file import EncoderFile


@pytest.fixture
def model():
    return small_model()


def small_model():
    """A ReLU hides NaN from the loss on a CPU."""
    inputs = keras.Input((4, 4, 1))
    x = keras.layers.Dense(4, activation="relu")(keras.layers.Flatten()(inputs))
    decoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(16), keras.layers.Reshape((4, 4, 1))])
    model = Autoencoder(keras.Model(inputs, x), decoder)
    model.compile(keras.optimizers.SGD(1e-7))
    return model


@pytest.fixture
def images(rng):
    return rng.uniform(0, 255, (24, 4, 4, 1)).astype("float32")


def batches(images):
    return tf.data.Dataset.from_tensor_slices(images).batch(4)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_arrays_are_looked_at_to_their_last_pixel_before_anything_is_done(model, images, bad):
    before = model.get_weights()
    images[-1, -1, -1] = bad
    for call in (model.fit, model.evaluate, model.predict):
        with pytest.raises(ValueError, match="Received: pixels from"):
            call(images, batch_size=4, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_bad_pixel_in_a_later_batch_stops_fit_and_evaluate(model, images, bad):
    images[9, 0, 0] = bad
    with pytest.raises(ValueError, match=r"pixels.*in step 3.*learning rate of 1e-07; there is no checkpoint"):
        model.fit(batches(images), verbose=0)
    model = small_model()
    model.evaluate(batches(images[12:]), verbose=0)
    assert np.isfinite(model.fit(batches(images[12:]), verbose=0).history["loss"][0])


def test_held_out_images_are_spoken_of_as_such(model, images):
    bad = images.copy()
    bad[9, 0, 0] = np.nan
    in_words = "found pixels that are not finite .* in the held-out images, so these have no loss"
    for call in (
        lambda: model.evaluate(batches(bad), verbose=0),
        lambda: model.fit(batches(images), validation_data=batches(bad), verbose=0),
    ):
        with pytest.raises(ValueError, match=in_words) as error:
            call()
        assert not any(word in str(error.value) for word in ("learning rate", "training", "diverged"))
    # What was trained before is not put down to them.
    with pytest.raises(ValueError, match=r"pixels.*in step [0-9]+:.*learning rate of 1e-07"):
        model.fit(batches(bad), validation_data=batches(images), verbose=0)


@pytest.mark.parametrize("value, words", [(np.nan, "NaN or infinite"), (1e30, "too large")])
def test_weights_without_a_loss_are_named_where_they_are_evaluated(value, words, model, images):
    model.decoder.weights[0].assign(np.full((4, 16), value))
    with pytest.raises(ValueError, match=f"no finite loss on the held-out images, .* weights are {words}. Evaluate"):
        model.evaluate(batches(images), verbose=0)


def test_replicas_without_images_are_left_out_or_named(images, two_replicas):
    with two_replicas.scope():
        model = small_model()
        dealt = two_replicas.experimental_distribute_dataset(batches(images[:17]))
        with pytest.warns(UserWarning, match="last batch has a single image.*so that batch is left out"):
            history = model.fit(dealt, verbose=0).history
        with pytest.warns(UserWarning, match="so that batch is left out"):
            assert np.isfinite(model.evaluate(dealt, verbose=0)[0])
        assert np.isfinite(history["loss"][0]) and int(tf.convert_to_tensor(model.step)) == 4
        made = two_replicas.distribute_datasets_from_function(lambda context: batches(images[:12]))
        with pytest.raises(ValueError, match="without held-out images, .* as many batches as the others. Received"):
            model.evaluate(made, verbose=0)
        with pytest.raises(ValueError, match="a replica without images in step [67],.* learning rate of 1e-07"):
            model.fit(made, verbose=0)


def test_a_bad_pixel_on_another_replica_is_seen(images, two_replicas):
    images[11, 0, 0] = np.nan  # the second replica's rows of the third batch
    with two_replicas.scope():
        model = small_model()
        with pytest.raises(ValueError, match="pixels.*in step 3"):
            model.fit(batches(images), verbose=0)


def test_a_run_that_diverges_names_step_and_learning_rate(model, images):
    model.compile(keras.optimizers.SGD(1e30))
    with pytest.raises(ValueError, match=r"diverged.*since step [234],.*rate of 1e\+30; there is no checkpoint"):
        model.fit(batches(images), epochs=3, verbose=0)


def test_weights_that_break_unseen_stop_the_training_before_anything_is_kept(model, images, tmp_path):
    def break_relu(epoch, logs=None):
        if epoch == 1:
            model.encoder.weights[0].assign(np.full((16, 4), np.nan))

    spoil = keras.callbacks.LambdaCallback(on_epoch_begin=break_relu)
    checkpoint, encoder = Checkpoint(tmp_path), EncoderFile(tmp_path / "encoder.keras")
    with pytest.raises(ValueError, match="stopped after step 12, at a learning rate.*last good.*epoch-0001.keras"):
        model.fit(batches(images), epochs=3, verbose=0, callbacks=[spoil, encoder, checkpoint])
    assert latest_checkpoint(tmp_path)[1] == 1
    check_finite_weights(keras.saving.load_model(tmp_path / "epoch-0001.keras"))
    check_finite_weights(keras.saving.load_model(tmp_path / "encoder.keras"))


def test_nothing_is_ever_written_of_such_weights(model, tmp_path):
    model.encoder.weights[0].assign(np.full((16, 4), np.inf))
    encoder, checkpoint = EncoderFile(tmp_path / "encoder.keras"), Checkpoint(tmp_path / "checkpoints")
    encoder.set_params({"epochs": 1})
    for callback in (encoder, checkpoint):
        callback.set_model(model)
        with pytest.raises(ValueError, match="nothing is written.*Received: 1 of .* weights, the first dense"):
            callback.on_epoch_end(0)
    with pytest.raises(ValueError, match="nothing is written"):
        saved_model(model.encoder, tmp_path / "exported")
    assert not any(path.is_file() for path in tmp_path.rglob("*"))
