"""What Keras users write, on one method of each kind: it works as in Keras, or says in a sentence why not."""

import csv
import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

# Pairs in a batch, a momentum encoder, one view, two optimizers.
KINDS = ["SimCLR", "BYOL", "Autoencoder", "DCGAN"]
each_kind = pytest.mark.parametrize("bench", KINDS, indirect=True, scope="module")
# What the base class alone decides.
one_kind = pytest.mark.parametrize("bench", ["SimCLR"], indirect=True, scope="module")

pytestmark = [
    pytest.mark.filterwarnings("ignore:Without batch normalization"),
    pytest.mark.filterwarnings("ignore:Your input ran out of data"),
]


@pytest.fixture
def images(bench):
    return bench.images[:16]


@pytest.fixture
def build(bench):
    return lambda **kwargs: bench.build(run_eagerly=True, **kwargs)


@pytest.fixture
def fitted(bench, build, images):
    """A model after a plain fit, with other arguments or another optimizer."""

    def fitted(optimizer=None, **kwargs):
        model = build(optimizer=optimizer)
        model.history = model.fit(images, **{"batch_size": 8, "shuffle": False, "verbose": 0, **kwargs})
        return model

    return fitted


def state(model):
    return np.concatenate([np.ravel(weight).astype("float64") for weight in model.weights])


def optimizers(model):
    return getattr(model.optimizer, "optimizers", [model.optimizer])


class Batches(keras.utils.PyDataset):
    def __init__(self, images, **kwargs):
        super().__init__(**kwargs)
        self.images = images

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return self.images[8 * index : 8 * index + 8], np.arange(8)


class BatchesOfDicts(Batches):
    def __getitem__(self, index):
        images, labels = super().__getitem__(index)
        return {"id": labels, "image": images, "label": labels}


class EndlessBatches(Batches):
    num_batches = None

    def __getitem__(self, index):
        return super().__getitem__(index % 2)


class Loader:
    """Lists of batches, read anew for each pass, as PyTorch's DataLoader gives them."""

    def __init__(self, images):
        self.images = images

    def __len__(self):
        return 2

    def __iter__(self):
        return iter([[self.images[:8], np.arange(8)], [self.images[8:], np.arange(8)]])


def endless(images, as_tuple=False):
    while True:
        for batch in (images[:8], images[8:]):
            yield (batch, np.arange(8)) if as_tuple else batch


def batched(rows):
    return tf.data.Dataset.from_tensor_slices(rows).batch(8)


#: What holds 16 images as two batches, and what else fit needs then. All of them are the same two steps.
SOURCES = {
    "array": lambda x: (x, {"batch_size": 8}),
    "numpy-batch-size": lambda x: (x, {"batch_size": np.int64(8)}),
    "tensor": lambda x: (tf.constant(x), {"batch_size": 8}),
    "list": lambda x: (list(x), {"batch_size": 8}),
    "tuple": lambda x: ((x, np.arange(16)), {"batch_size": 8}),
    "dict": lambda x: ({"image": x, "label": np.arange(16)}, {"batch_size": 8}),
    "data-set": lambda x: (batched(x), {}),
    "pairs": lambda x: (batched((x, np.arange(16))), {}),
    "tuples-of-one": lambda x: (batched((x,)), {}),
    "endless-data-set": lambda x: (batched(x).repeat(), {"steps_per_epoch": 2}),
    "data-set's-iterator": lambda x: (iter(batched(x)), {}),
    "numpy-iterator": lambda x: (batched(x).as_numpy_iterator(), {}),
    "dicts": lambda x: (batched({"id": np.arange(16), "image": x, "label": np.arange(16)}), {}),
    "py-data-set": lambda x: (Batches(x), {}),
    "py-data-set-of-workers": lambda x: (Batches(x, workers=2), {}),
    "py-data-set-of-dicts": lambda x: (BatchesOfDicts(x), {}),
    "endless-py-data-set": lambda x: (EndlessBatches(x), {"steps_per_epoch": 2}),
    "loader": lambda x: (Loader(x), {}),
    "iterator": lambda x: (iter([x[:8], x[8:]]), {}),
    "generator-of-dicts": lambda x: (({"image": batch} for batch in (x[:8], x[8:])), {}),
    "endless-generator": lambda x: (endless(x), {"steps_per_epoch": 2}),
    "endless-generator-of-pairs": lambda x: (endless(x, as_tuple=True), {"steps_per_epoch": 2}),
}


@one_kind
class TestSources:
    @pytest.mark.parametrize("source", SOURCES)
    def test_fit_evaluate_and_predict_read_them_alike(self, build, images, fitted, source):
        model, expected = build(), fitted()
        x, arguments = SOURCES[source](images)
        model.fit(x, shuffle=False, verbose=0, **arguments)
        np.testing.assert_array_equal(state(model), state(expected))
        for verb in ("evaluate", "predict"):
            x, arguments = SOURCES[source](images)
            arguments = {name.removesuffix("_per_epoch"): value for name, value in arguments.items()}
            np.testing.assert_allclose(
                getattr(model, verb)(x, verbose=0, **arguments),
                getattr(expected, verb)(images, batch_size=8, verbose=0),
                rtol=1e-5,
            )

    @pytest.mark.parametrize("source", ["tuple", "dicts", "py-data-set", "loader", "endless-generator"])
    def test_validation_data_too(self, images, fitted, source):
        x, arguments = SOURCES[source](images)
        names = {"batch_size": "validation_batch_size", "steps_per_epoch": "validation_steps"}
        model = fitted(validation_data=x, **{names[name]: value for name, value in arguments.items()})
        expected = model.evaluate(images, batch_size=8, verbose=0)[0]
        assert model.history.history["val_loss"] == [pytest.approx(expected, rel=1e-5)]

    @pytest.mark.parametrize("source", ["pairs", "dicts"])
    def test_a_distributed_data_set(self, bench, images, fitted, two_replicas, source):
        expected = fitted()
        with two_replicas.scope():
            model = bench.build()
            model.fit(two_replicas.experimental_distribute_dataset(SOURCES[source](images)[0]), verbose=0)
        np.testing.assert_allclose(state(model), state(expected), atol=1e-4)

    def test_dicts_that_a_function_makes_for_each_worker_are_refused_in_words(self, build, images, two_replicas):
        batches = two_replicas.distribute_datasets_from_function(lambda context: SOURCES["dicts"](images)[0])
        for verb in ("fit", "evaluate", "predict"):
            with pytest.raises(
                ValueError, match=r"before it is distributed.*Received: keys \['id', 'image', 'label'\]"
            ):
                getattr(build(), verb)(batches, verbose=0)

    def test_what_can_be_read_again_is_read_in_every_epoch(self, build, images, fitted):
        expected = state(fitted(epochs=2))
        for source in (batched(images), Batches(images), Loader(images)):
            model = build()
            model.fit(source, epochs=2, shuffle=False, verbose=0)
            np.testing.assert_array_equal(state(model), expected)

    def test_a_generator_goes_on_where_the_epoch_before_ended(self, build, images, fitted):
        model = build()
        model.fit(endless(images), steps_per_epoch=1, epochs=4, verbose=0)
        np.testing.assert_array_equal(state(model), state(fitted(epochs=2)))

    def test_a_list_of_images_and_labels_is_validation_data_as_in_keras(self, images, fitted):
        model = fitted(validation_data=[images, np.arange(16)])
        expected = model.evaluate(images, batch_size=8, verbose=0)[0]
        assert model.history.history["val_loss"] == [pytest.approx(expected, rel=1e-5)]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (lambda x: {"x": None}, "no images.*x=None"),
            (lambda x: {"x": {"pixels": x}}, 'key "image".*pixels'),
            (lambda x: {"x": {"train": batched(x), "test": batched(x)}}, "data\\['train'\\].*test"),
            (lambda x: {"x": iter([])}, "has no batch"),
            (lambda x: {"x": endless(x), "epochs": 2}, "read only once.*steps_per_epoch.*2 epochs"),
            (lambda x: {"x": x, "epochs": 2, "validation_data": endless(x)}, "only once.*validation_steps"),
            (lambda x: {"x": endless(x), "batch_size": 8, "steps_per_epoch": 1}, "batches already.*batch_size=8"),
            (lambda x: {"x": x, "batch_size": 0}, "positive integer.*batch_size=0"),
            (lambda x: {"x": x / 1.0, "batch_size": 8.0}, "positive integer.*batch_size=8.0"),
            (lambda x: {"x": batched(x), "validation_split": 0.5}, "no length to split"),
            (lambda x: {"x": x, "validation_split": 1.5}, "below 1.*validation_split=1.5"),
            (lambda x: {"x": x, "validation_split": -0.5}, "below 1.*validation_split=-0.5"),
            (lambda x: {"x": x, "class_weight": {0: 2.0}}, "leave class_weight out.*{0: 2.0}"),
            (lambda x: {"x": x, "sample_weight": np.ones(16)}, r"leave sample_weight out.*\(16,\)"),
        ],
    )
    def test_what_fit_does_not_take_is_said(self, build, images, arguments, message):
        model = build()
        with pytest.raises(ValueError, match=f"(?s){message}") as error:
            model.fit(**arguments(images), verbose=0)
        assert "Received: " in str(error.value) and int(model.step) == 0


@one_kind
class TestArguments:
    @pytest.mark.parametrize(
        "verb", ["fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch", "compile"]
    )
    def test_in_keras_order(self, build, verb):
        ours, kerass = (
            [p.name for p in inspect.signature(getattr(kind, verb)).parameters.values() if p.kind != p.VAR_KEYWORD]
            for kind in (type(build()), keras.Model)
        )
        assert ours == kerass

    def test_by_position(self, build, images):
        model = build()
        model.fit(images, None, 8, 2, 0, None, 0.0, None, True, None, None, 1, 1, None, None, 1)
        assert int(model.step) == 1  # the second epoch, of one step
        assert set(model.evaluate(images, None, 8, 0, None, 1, None, True)) >= {"loss"}
        assert model.predict(images, 8, 0, 1, None).shape == (8, 16)
        model.compile("sgd", None, None, None, None, False, 1, "auto", True)

    def test_the_validation_arguments(self, build, images):
        seen = []
        watch = keras.callbacks.LambdaCallback(on_test_batch_end=lambda batch, logs: seen.append(batch))
        build().fit(
            images,
            batch_size=8,
            epochs=2,
            validation_data=images,
            validation_batch_size=4,
            validation_steps=3,
            validation_freq=2,
            verbose=0,
            callbacks=watch,
        )
        assert seen == [0, 1, 2]

    def test_validation_leaves_the_callbacks_and_the_terminal_alone(self, build, images, capsys):
        params = []
        watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: params.append(dict(watch.params)))
        build().fit(images, batch_size=8, epochs=3, validation_data=images[:8], verbose=0, callbacks=(watch,))
        assert params == [{"verbose": 0, "epochs": 3, "steps": 2}] * 3
        assert capsys.readouterr().out == ""

    def test_held_out_pixels_are_looked_at_as_well(self, build, images):
        with pytest.raises(ValueError, match=r"these lie in \[0, 1\]"):
            build().fit(images, batch_size=8, validation_data=batched(images / 255.0), verbose=0)

    def test_weights_are_refused_by_all(self, build, images):
        model, weight = build(), {"sample_weight": np.ones(16)}
        for verb in ("fit", "evaluate", "train_on_batch", "test_on_batch"):
            with pytest.raises(ValueError, match="leave sample_weight out.*Received:"):
                getattr(model, verb)(images, **weight)
        with pytest.raises(ValueError, match="leave class_weight out.*Received:"):
            model.train_on_batch(images, class_weight={0: 2.0})

    def test_a_single_batch_of_scaled_pixels_is_refused(self, build, images):
        model = build()
        for verb in (model.train_on_batch, model.test_on_batch):
            with pytest.raises(ValueError, match=r"these lie in \[0, 1\].*Received:"):
                verb(images / 255.0)
            with pytest.raises(ValueError, match="no images"):
                verb(images[:0])
        assert np.isfinite(model.train_on_batch(images, return_dict=True)["loss"])


@each_kind
def test_nothing_works_before_compile_but_what_needs_no_optimizer(bench, build, images):
    model = type(build()).from_config(build().get_config())
    for verb in ("fit", "evaluate", "train_on_batch", "test_on_batch"):
        with pytest.raises(ValueError, match=f"Compile {bench.name} before {verb}.*Received:"):
            getattr(model, verb)(images)
    assert model.predict(images, verbose=0).shape == model.predict_on_batch(images).shape == (16, 16)
    model.summary(print_fn=lambda text, **kwargs: None)


@each_kind
def test_batches_by_hand_are_the_steps_of_fit(bench, build, images, fitted):
    model = build()
    for batch in (images[:8], images[8:]):
        logs = model.train_on_batch(batch, np.arange(8), return_dict=True)
    expected = fitted()
    np.testing.assert_array_equal(state(model), state(expected))
    assert list(logs) == sorted(logs) and set(logs) == set(expected.history.history)
    by_name = model.test_on_batch(images, return_dict=True)
    assert by_name == pytest.approx(model.evaluate(images, batch_size=16, verbose=0, return_dict=True), rel=1e-5)
    np.testing.assert_allclose(model.predict_on_batch(images), model.predict(images, verbose=0), atol=1e-6)


# ---------------------------------------------------------------------- compile


@each_kind
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"optimizer": "adam"},
        {"optimizer": {"class_name": "Adam", "config": {"learning_rate": 0.01}}},
        {"loss": None, "loss_weights": None, "metrics": None, "weighted_metrics": None},
        {"metrics": [], "weighted_metrics": [], "loss": {}},
        {"run_eagerly": False, "steps_per_execution": 1, "jit_compile": "auto", "auto_scale_loss": True},
    ],
    ids=["nothing", "name", "config", "none", "empty", "defaults"],
)
def test_compile_takes_kerass_defaults(build, arguments):
    model = build()
    model.compile(**arguments)
    assert model.compiled and {type(optimizer) for optimizer in optimizers(model)} == {keras.optimizers.Adam}


@each_kind
@pytest.mark.parametrize(
    "argument", [{"loss": "mse"}, {"loss_weights": [2.0]}, {"metrics": ["accuracy"]}, {"weighted_metrics": ["mse"]}]
)
def test_compile_says_that_loss_and_metrics_are_the_methods(bench, build, argument):
    ((name, value),) = argument.items()
    with pytest.raises(ValueError, match=f"{bench.name} has its own loss and metrics.*Received: {name}=") as error:
        build().compile(**argument)
    assert repr(value) in str(error.value)


@each_kind
def test_compile_refuses_what_keras_does_not_have(build):
    with pytest.raises(TypeError, match="unexpected keyword argument 'losses'"):
        build().compile(losses=None)


@each_kind
@pytest.mark.parametrize("scaled", [True, False])
def test_auto_scale_loss(build, bench, scaled):
    keras.config.set_dtype_policy("mixed_float16")
    model = type(build()).from_config(build().get_config())
    model.compile(auto_scale_loss=scaled)
    owned = [value for value in vars(model).values() if isinstance(value, keras.optimizers.LossScaleOptimizer)]
    assert bool(owned) == scaled
    assert model.get_compile_config()["auto_scale_loss"] == scaled


# ---------------------------------------------------------------------- options of optimizers


def changes(model, images, steps=1):
    """How the weights of each optimizer change in so many steps, as lists of arrays."""
    model.train_on_batch(images)  # builds the optimizers, and their updates follow the same rule
    before = [[np.array(weight) for weight in optimizer._trainable_variables] for optimizer in optimizers(model)]
    for _ in range(steps):
        model.train_on_batch(images)
    return [
        [np.array(weight) - was for weight, was in zip(optimizer._trainable_variables, weights, strict=True)]
        for optimizer, weights in zip(optimizers(model), before, strict=True)
    ]


@each_kind
class TestOptimizers:
    def test_clipvalue(self, build, images):
        for parts in changes(build(optimizer=keras.optimizers.SGD(1.0, clipvalue=1e-4)), images):
            assert max(np.abs(part).max() for part in parts) == pytest.approx(1e-4, rel=0.01)

    def test_clipnorm(self, build, images):
        for parts in changes(build(optimizer=keras.optimizers.SGD(1.0, clipnorm=1e-3)), images):
            assert max(np.linalg.norm(part) for part in parts) == pytest.approx(1e-3, rel=0.01)

    def test_global_clipnorm(self, build, images):
        for parts in changes(build(optimizer=keras.optimizers.SGD(1.0, global_clipnorm=1e-3)), images):
            assert np.sqrt(sum(np.sum(part**2) for part in parts)) == pytest.approx(1e-3, rel=0.01)

    def test_gradient_accumulation_steps(self, build, images):
        model = build(optimizer=keras.optimizers.SGD(0.1, gradient_accumulation_steps=3))
        (first, *_), *_ = changes(model, images)  # two steps in all
        assert not first.any()
        model.train_on_batch(images)
        assert int(model.optimizer.iterations) == 1 and int(model.step) == 3
        parts = changes(build(optimizer=keras.optimizers.SGD(0.1, gradient_accumulation_steps=3)), images, steps=2)
        assert all(any(part.any() for part in of_one) for of_one in parts)

    def test_a_loss_scale_cancels_out(self, fitted):
        scaled = fitted(keras.optimizers.SGD(0.05, loss_scale_factor=128.0))
        np.testing.assert_allclose(state(scaled), state(fitted(keras.optimizers.SGD(0.05))), atol=1e-5)

    def test_use_ema_leaves_the_averages(self, fitted):
        model = fitted(keras.optimizers.SGD(0.05, use_ema=True, ema_momentum=0.5))
        plain = fitted(keras.optimizers.SGD(0.05))
        for optimizer in optimizers(model):
            for weight, average in zip(
                optimizer._trainable_variables, optimizer._model_variables_moving_average, strict=True
            ):
                np.testing.assert_array_equal(weight, average)
        assert np.abs(state(model) - state(plain)).max() > 1e-6


# ---------------------------------------------------------------------- callbacks


@each_kind
class TestCallbacks:
    def test_learning_rate_scheduler(self, fitted):
        halved = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
        model = fitted(keras.optimizers.SGD(0.08), epochs=2, callbacks=[halved])
        assert [float(optimizer.learning_rate) for optimizer in optimizers(model)] == pytest.approx(
            [0.02] * len(optimizers(model))
        )
        logged = [values for name, values in model.history.history.items() if name.startswith("learning_rate")]
        assert logged[0] == pytest.approx([0.04, 0.02])

    def test_reduce_lr_on_plateau(self, fitted):
        reduce = keras.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.5, patience=1, min_delta=1e6)
        model = fitted(keras.optimizers.SGD(0.08), epochs=3, callbacks=[reduce])
        assert [float(optimizer.learning_rate) for optimizer in optimizers(model)] == pytest.approx(
            [0.02] * len(optimizers(model))
        )

    def test_swap_ema_weights(self, bench, fitted, images):
        swap = keras.callbacks.SwapEMAWeights()
        optimizer = keras.optimizers.SGD(0.05, use_ema=True, ema_momentum=0.5)
        model = fitted(optimizer, callbacks=[swap], validation_data=images)
        # Fit ends with the averages by which it was validated.
        expected = model.evaluate(images, batch_size=8, verbose=0)[0]
        assert model.history.history["val_loss"][-1] == pytest.approx(expected, rel=1e-5)

    def test_early_stopping_restores_the_best(self, fitted):
        stop = keras.callbacks.EarlyStopping(monitor="loss", min_delta=1e6, patience=1, restore_best_weights=True)
        model = fitted(epochs=9, callbacks=[stop])
        assert len(model.history.history["loss"]) == 2 and stop.best_epoch == 0
        np.testing.assert_array_equal(state(model), state(fitted(epochs=1)))

    def test_backup_and_restore_goes_on_as_if_never_stopped(self, bench, build, images, fitted, tmp_path):
        def interrupt(epoch, logs):
            if epoch == 1:
                raise KeyboardInterrupt

        def fit(*more):
            model = build()
            backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
            model.fit(images, batch_size=8, epochs=2, shuffle=False, verbose=0, callbacks=[backup, *more])
            return model

        with pytest.raises(KeyboardInterrupt):
            fit(keras.callbacks.LambdaCallback(on_epoch_begin=interrupt))
        np.testing.assert_array_equal(bench.state(fit()), bench.state(fitted(epochs=2)))

    def test_model_checkpoint(self, bench, build, fitted, tmp_path):
        whole = keras.callbacks.ModelCheckpoint(tmp_path / "whole.keras", monitor="loss", save_best_only=True)
        weights = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.weights.h5", save_weights_only=True)
        model = fitted(callbacks=[whole, weights])
        loaded = keras.saving.load_model(tmp_path / "whole.keras")
        np.testing.assert_array_equal(bench.state(loaded), bench.state(model))
        other = build()
        other.load_weights(tmp_path / "1.weights.h5")
        np.testing.assert_array_equal(state(other), state(model))

    def test_csv_logger(self, fitted, images, tmp_path):
        model = fitted(epochs=2, validation_data=images, callbacks=keras.callbacks.CSVLogger(tmp_path / "log.csv"))
        rows = list(csv.DictReader((tmp_path / "log.csv").open()))
        assert [row["epoch"] for row in rows] == ["0", "1"]
        for name, values in model.history.history.items():
            np.testing.assert_allclose([float(row[name]) for row in rows], values, rtol=1e-5)

    def test_terminate_on_nan(self, build, images, monkeypatch):
        model = build()
        monkeypatch.setattr(model, "report", lambda loss, logs: {"loss": tf.constant(np.nan)})
        model.fit(images, batch_size=8, epochs=3, verbose=0, callbacks=keras.callbacks.TerminateOnNaN())
        assert int(model.step) == 1

    def test_tensorboard(self, fitted, images, tmp_path):
        pytest.importorskip("tensorboard")
        board = keras.callbacks.TensorBoard(tmp_path, histogram_freq=1, write_steps_per_second=True, update_freq=1)
        fitted(callbacks=[board], validation_data=images)
        assert list(tmp_path.rglob("events*"))

    def test_lambda_callback_progress_bar_and_history(self, fitted, images, capsys):
        calls = []
        watch = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: calls.append(epoch),
            on_train_batch_end=lambda batch, logs: calls.append(sorted(logs)),
            on_train_end=lambda logs: calls.append("end"),
        )
        history = keras.callbacks.History()
        bar = keras.callbacks.ProgbarLogger()
        model = fitted(callbacks=[watch, history, bar], validation_data=images, verbose=2)
        names = sorted(metric.name for metric in model.metrics)
        assert calls == [0, names, names, "end"]
        assert set(history.history) == {*names, *(f"val_{name}" for name in names)}
        said = capsys.readouterr().out
        assert all(f"{name}: " in said for name in names)


# ---------------------------------------------------------------------- saving


@each_kind
def test_save_export_and_summary(bench, fitted, images, tmp_path):
    model = fitted()
    model.save(tmp_path / "model.keras", overwrite=True)
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(bench.state(loaded), bench.state(model))
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(tmp_path / "served")
    np.testing.assert_allclose(
        served.serve(images.astype("float32")), model.predict(images, verbose=0), rtol=1e-4, atol=1e-5
    )
    lines = []
    model.summary(expand_nested=True, show_trainable=True, print_fn=lambda text, **kwargs: lines.append(text))
    assert "encoder (" in "\n".join(lines)
