"""What every method promises, whatever it computes. A method joins through METHODS in conftest.py."""

import contextlib
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import keras_ssl
from keras_ssl.data import from_arrays

# The tiny heads have none, so that replicas can be compared.
pytestmark = pytest.mark.filterwarnings("ignore:Without batch normalization")

GO_ON = """
import sys, numpy as np, keras, keras_ssl
folder = sys.argv[1]
model = keras.saving.load_model(folder + "/half.keras")
model.fit(np.load(folder + "/images.npy"), batch_size=8, initial_epoch=1, epochs=2, verbose=0)
model.save(folder + "/whole.keras")
"""


@pytest.mark.costly
@pytest.mark.parametrize("how", [{"run_eagerly": True}, {"jit_compile": True}], ids=["eager", "xla"])
def test_trains_eagerly_and_under_xla_as_in_a_graph(bench, reference, how):
    model = bench.build(**how)
    history = bench.fit(model, epochs=2)
    np.testing.assert_allclose(history["loss"], reference[0]["loss"], rtol=1e-3)
    np.testing.assert_allclose(bench.state(model), reference[1], atol=2e-3)


def _constant(outputs):
    """An activity regularizer of which Keras takes the part of one image."""
    return 1000.0 * tf.cast(tf.shape(outputs)[0], tf.float32)


@pytest.mark.costly
def test_what_layers_add_to_the_loss_counts_in_evaluate_as_often_as_in_fit(bench):
    def losses(regularizer):
        model = bench.build(optimizer=keras.optimizers.SGD(0.0), run_eagerly=True)
        for layer in model._flatten_layers():
            if isinstance(layer, keras.layers.Dense | keras.layers.Conv2D):
                layer.activity_regularizer = regularizer
        evaluated = model.test_on_batch(bench.images, return_dict=True)["loss"]
        model.reset_metrics()
        return evaluated, model.train_on_batch(bench.images, return_dict=True)["loss"]

    evaluated, trained = np.subtract(losses(_constant), losses(None))
    assert evaluated >= 1000 and evaluated == pytest.approx(trained, rel=1e-4)


@pytest.mark.costly
def test_goes_on_in_a_new_process_as_if_never_stopped(bench, reference, tmp_path):
    half = bench.build()
    bench.fit(half, epochs=1)
    half.save(tmp_path / "half.keras")
    np.save(tmp_path / "images.npy", bench.images)
    subprocess.run([sys.executable, "-c", GO_ON, str(tmp_path)], check=True)
    whole = keras.saving.load_model(tmp_path / "whole.keras")
    np.testing.assert_array_equal(bench.state(whole), reference[1])


def test_config_builds_the_same_method(bench):
    model = bench.build()
    copy = type(model).from_config(model.get_config())
    assert [weight.shape for weight in copy.weights] == [weight.shape for weight in model.weights]
    copy.compile_from_config(model.get_compile_config())
    assert copy.get_config() == model.get_config()
    assert copy.get_compile_config() == model.get_compile_config()
    assert model.get_compile_config()["jit_compile"] == "auto"


@pytest.mark.costly
def test_config_builds_a_method_that_scores_the_same(bench, trained):
    model, _ = trained
    copy = type(model).from_config(model.get_config())
    copy.set_weights(model.get_weights())
    copy.compile_from_config(model.get_compile_config())
    scores = [each.evaluate(bench.images, batch_size=8, verbose=0) for each in (copy, model)]
    np.testing.assert_array_equal(*scores)


def test_labels_change_nothing_and_a_run_repeats(bench, reference):
    model = bench.build()
    labels = np.arange(len(bench.images)) % 3
    model.fit(from_arrays(bench.images, labels, batch_size=8, shuffle=True), epochs=2, verbose=0)
    np.testing.assert_array_equal(bench.state(model), reference[1])


def test_another_seed_is_another_run(bench):
    runs = [bench.build(seed=seed, run_eagerly=True) for seed in (0, 4)]
    for run in runs:
        bench.fit(run)
    assert np.abs(bench.state(runs[0]) - bench.state(runs[1])).max() > 1e-6


def test_every_step_draws_anew(bench):
    model = bench.build(optimizer=keras.optimizers.SGD(0.0), run_eagerly=True)
    losses = [float(np.ravel(model.train_on_batch(bench.images[:8]))[0]) for _ in range(3)]
    assert int(model.step) >= 3
    assert model.augmenter is None or len(set(np.diff(losses))) == 2


@pytest.mark.costly
def test_uint8_and_float_pixels_are_the_same_images(bench, reference):
    model = bench.build()
    bench.fit(model, bench.images.astype("float32"), epochs=2)
    np.testing.assert_allclose(bench.state(model), reference[1], atol=1e-5)


def test_calling_and_predicting_give_the_encoders_features(bench, trained):
    model, _ = trained
    features = np.asarray(model.encoder(bench.images))
    np.testing.assert_allclose(model.predict(bench.images, verbose=0), features, atol=1e-5)
    np.testing.assert_allclose(model(bench.images), features, atol=1e-6)
    assert features.dtype == np.float32 and features.shape == (24, 16)


def test_evaluate_repeats_and_changes_nothing(bench, trained):
    model, _ = trained
    before = bench.state(model)
    scores = [model.evaluate(bench.images, batch_size=8, verbose=0, return_dict=True) for _ in range(2)]
    assert scores[0] == scores[1] and np.isfinite(scores[0]["loss"])
    np.testing.assert_array_equal(bench.state(model), before)


def test_held_out_loss_stands_in_the_history(trained):
    model, history = trained
    assert set(history) == {name for mean in model.metrics for name in (mean.name, f"val_{mean.name}")}
    assert all(np.isfinite(values).all() for values in history.values())


@pytest.mark.costly
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains_and_gives_float32_features(bench, policy):
    keras.config.set_dtype_policy(policy)
    model = bench.build()
    start = model.get_weights()
    history = bench.fit(model, epochs=2)
    assert np.all(np.isfinite(history["loss"])) and np.all(np.isfinite(bench.state(model)))
    assert any(np.abs(now - was).max() > 0 for now, was in zip(model.get_weights(), start, strict=True))
    assert model(bench.images).dtype == tf.float32


@pytest.mark.costly
def test_a_last_batch_of_too_few_images_changes_nothing(bench):
    """One image is too few for all that compare images; others learn from it, and stay finite."""
    model = bench.build(run_eagerly=True)
    too_few = model.minimum_batch > 1
    sources = [tf.data.Dataset.from_tensor_slices(bench.images[:count]).batch(8) for count in (8, 9)]
    with pytest.warns(UserWarning, match="left out") if too_few else contextlib.nullcontext():
        losses = [model.evaluate(source, verbose=0, return_dict=True)["loss"] for source in sources]
        model.fit(sources[1], verbose=0)
    assert (losses[0] == losses[1]) == too_few
    assert int(model.step) == (1 if too_few else 2) and np.all(np.isfinite(bench.state(model)))


def test_what_trains_is_the_same_after_freezing_and_thawing(bench):
    model = bench.build()
    trained = [weight.path for weight in model.trainable_weights]
    model.trainable = False
    assert model.trainable_weights == []
    model.trainable = True
    assert [weight.path for weight in model.trainable_weights] == trained


@pytest.mark.costly
def test_regularizers_of_weights_count_in_the_update_and_in_the_loss(bench):
    plain, regularized = (bench.build(optimizer=keras.optimizers.SGD(0.01), run_eagerly=True) for _ in range(2))
    kernel = next(weight for weight in regularized.encoder.trainable_weights if weight.name == "kernel")
    kernel.regularizer = keras.regularizers.L2(0.1)
    before = np.array(kernel)
    losses = [np.ravel(model.train_on_batch(bench.images))[0] for model in (plain, regularized)]
    assert losses[1] - losses[0] == pytest.approx(0.1 * np.sum(before**2), abs=1e-4)
    (without,) = (w for w in plain.encoder.trainable_weights if w.name == "kernel" and np.shape(w) == before.shape)
    np.testing.assert_allclose(kernel, without - 0.01 * 0.2 * before, atol=1e-6)


def dealt_unevenly(strategy, images, seed):
    """Batches of eight, of which the first replica gets five and the second three."""

    def deal(context):
        batches = from_arrays(images, batch_size=8, shuffle=True, seed=seed)
        return batches.flat_map(lambda batch: tf.data.Dataset.from_tensors(batch).unbatch().batch(5))

    return strategy.distribute_datasets_from_function(deal)


@pytest.mark.costly
def test_two_replicas_with_unequal_shares_learn_what_one_device_learns(bench, reference, two_replicas):
    with two_replicas.scope():
        model = bench.build()
        images = dealt_unevenly(two_replicas, bench.images, model.seed)
        history = model.fit(images, epochs=2, verbose=0).history
    for name, values in history.items():
        np.testing.assert_allclose(values, reference[0][name], rtol=1e-3, atol=1e-4, err_msg=name)
    np.testing.assert_allclose(bench.state(model), reference[1], atol=1e-4)


#: What images must have for a method: sides that its patches or masked squares divide, a square, three channels, room
#: for tiles.
SHAPES = {
    "Colorization": lambda height, width, channels: (height, width, 3),
    "Jigsaw": lambda height, width, channels: (height + 4, width + 4, channels),
    "MAE": lambda height, width, channels: (height // 2 * 2, width // 2 * 2, channels),
    "MultiTask": lambda height, width, channels: (height, height, channels),
    "RotationPrediction": lambda height, width, channels: (height, height, channels),
    "SimMIM": lambda height, width, channels: (height // 2 * 2, width // 2 * 2, channels),
}

#: The methods that evaluate each image for itself, and without a draw.
IMAGE_BY_IMAGE = ("Colorization", "DeepAutoencoder", "RotationPrediction")


@pytest.fixture
def uncompiled():
    """Compiling for each shape anew would take all the time."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.filterwarnings("ignore:Even though the `tf.config.experimental_run_functions_eagerly`")
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    height=st.integers(7, 10),
    wider=st.sampled_from([1, 2, -2]),
    channels=st.integers(1, 4),
    count=st.integers(4, 9),
    batch_size=st.integers(4, 6),
)
def test_images_of_any_shape_in_batches_of_any_size(bench, uncompiled, height, wider, channels, count, batch_size):
    shape = SHAPES.get(bench.name, lambda *sides: sides)(height, height + wider, channels)
    images = np.random.default_rng(count).integers(0, 256, (count, *shape), dtype="uint8")
    model = bench.build(shape=shape, run_eagerly=True)
    logs = model.train_on_batch(images, return_dict=True)
    assert np.isfinite(list(logs.values())).all() and np.isfinite(bench.state(model)).all()
    features = np.concatenate([model.predict_on_batch(images[:1]), model.predict(images[1:], batch_size, verbose=0)])
    np.testing.assert_allclose(features, model.encoder(images), atol=1e-4)

    batches = [images[first : first + batch_size] for first in range(0, count, batch_size)]
    if model.minimum_batch > 1 and len(batches) > 1 and len(batches[-1]) < batch_size:
        batches.pop()  # as `evaluate` says of losses that depend on the batch's size
    whole = model.evaluate(images, batch_size=batch_size, verbose=0, return_dict=True)
    parts = [model.test_on_batch(batch, return_dict=True) for batch in batches]
    if bench.name in IMAGE_BY_IMAGE:
        parts, batches = [model.test_on_batch(images, return_dict=True)], [images]
    losses = [part["loss"] for part in parts]
    assert whole["loss"] == pytest.approx(np.average(losses, weights=[len(batch) for batch in batches]), rel=1e-4)


def test_is_a_public_method_with_a_train_step_and_a_source(bench):
    method = getattr(keras_ssl.methods, bench.name)
    assert "train_step" in vars(method) and bench.name in keras_ssl.__all__
    assert "Example" in method.__doc__ and "https://" in method.__doc__
