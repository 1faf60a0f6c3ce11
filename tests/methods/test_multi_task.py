import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import MultiTask, SimCLR, augment, backbones, data, losses, tasks


class Quiet(tasks.Task):
    """A task of one's own: features should be small. It draws numbers and has no weights."""

    logged = ("drawn",)

    def forward(self, encoder, images, target, draws, training):
        features = encoder(images, training=training)
        return tf.reduce_mean(tf.square(features)), {"drawn": tf.reduce_mean(draws.uniform(tf.shape(images)[0], 3))}


def linear_head(units=4):
    same_weights = keras.initializers.GlorotUniform(seed=0)  # heads are made before `build` sets the seed
    return keras.Sequential([keras.Input((8,)), keras.layers.Dense(units, kernel_initializer=same_weights)])


def plain_encoder():
    """8 × 8 × 1 to a feature map and 8 features, without batch normalization."""
    images = keras.Input((8, 8, 1))
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(images)
    x = keras.layers.Conv2D(8, 3, strides=2, activation="relu", padding="same")(x)
    return keras.Model(images, keras.layers.GlobalAveragePooling2D(dtype="float32")(x))


def every_labelled_task():
    return {
        "kind": tasks.Classification(3),
        "box": tasks.BoundingBox("giou"),
        "mask": tasks.Segmentation(3),
        "contrast": tasks.Contrastive(linear_head()),
    }


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (24, 8, 8, 1), dtype="uint8")


@pytest.fixture
def targets(rng):
    """Labels for about half of the images, and of every kind for others."""
    boxes = np.tile([0.2, 0.1, 0.7, 0.9], (24, 1)).astype("float32")
    boxes[rng.random(24) < 0.5] = np.nan
    masks = rng.integers(0, 3, (24, 8, 8))
    masks[rng.random(24) < 0.5] = -1
    return {"kind": np.where(rng.random(24) < 0.5, rng.integers(0, 3, 24), -1), "box": boxes, "mask": masks}


@functools.cache
def views():
    """The default ones of gray images; the same for all tests, because compiling them takes long."""
    return augment.for_images((8, 8, 1))


def build(all_tasks, optimizer=None, encoder=None, compiling=None, **arguments):
    keras.utils.set_random_seed(0)
    looked_at = any(task.views for task in all_tasks.values())
    model = MultiTask(encoder or plain_encoder(), all_tasks, views() if looked_at else None, **arguments)
    model.compile(optimizer or keras.optimizers.SGD(0.05), **(compiling or {}))
    return model


def batch_loss(model, images, targets=None):
    """The losses of one batch of held-out images, by name."""
    return model.evaluate(images, targets, batch_size=len(images), verbose=0, return_dict=True)


def test_the_loss_is_the_weighted_sum_of_the_tasks_losses(images, targets):
    weights = {"kind": 0.5, "box": 3.0, "mask": 0.0}
    logs = batch_loss(build(every_labelled_task(), loss_weights=weights), images, targets)
    weights = {**weights, "contrast": 1.0}
    np.testing.assert_allclose(logs["loss"], sum(w * logs[f"{name}_loss"] for name, w in weights.items()), rtol=1e-5)
    assert all(logs[f"{name}_loss"] > 0 for name in weights)
    assert set(logs) == {
        "loss",
        *("kind_loss", "kind_accuracy", "box_loss", "box_iou", "mask_loss", "mask_accuracy"),
        *("contrast_loss", "contrast_accuracy", "contrast_embedding_spread"),
    }


def test_learned_weights_follow_the_papers_gradient(images, targets):
    model = build(every_labelled_task(), keras.optimizers.SGD(0.1), loss_weights="uncertainty")
    model.log_variances.assign([0.3, -0.2, 0.1, 0.0])
    s = np.array([0.3, -0.2, 0.1, 0.0])
    logs = model.train_on_batch(images, targets, return_dict=True)
    each = np.array([logs[f"{name}_loss"] for name in model.tasks])
    np.testing.assert_allclose(logs["loss"], np.sum(np.exp(-s) * each + s), rtol=1e-5)
    np.testing.assert_allclose([logs[f"{name}_weight"] for name in model.tasks], np.exp(-s), rtol=1e-5)
    np.testing.assert_allclose(model.log_variances, s - 0.1 * (1 - np.exp(-s) * each), rtol=1e-4)


def test_a_batch_without_labels_leaves_the_weight_of_their_task_alone(images, targets):
    targets["kind"][:] = -1
    model = build(every_labelled_task(), loss_weights="uncertainty")
    model.train_on_batch(images, targets)
    learned = np.asarray(model.log_variances)
    assert learned[0] == 0 and np.all(learned[1:] != 0)


def test_a_contrastive_task_alone_is_simclr(images):
    keras.utils.set_random_seed(0)
    simclr = SimCLR(plain_encoder(), linear_head(), temperature=0.3, seed=5)
    keras.utils.set_random_seed(0)
    model = MultiTask(plain_encoder(), {"contrast": tasks.Contrastive(linear_head(), temperature=0.3)}, seed=5)
    for method in (simclr, model):
        method.compile(keras.optimizers.SGD(0.1))
    ours, theirs = (method.fit(images, batch_size=8, epochs=2, verbose=0).history for method in (model, simclr))
    np.testing.assert_allclose(ours["contrast_loss"], theirs["loss"], rtol=1e-5)
    np.testing.assert_allclose(ours["contrast_accuracy"], theirs["contrastive_accuracy"], rtol=1e-5)
    for now, then in zip(model.encoder.get_weights(), simclr.encoder.get_weights(), strict=True):
        np.testing.assert_allclose(now, then, atol=1e-6)


def test_tasks_that_see_the_same_images_share_a_pass(images, targets):
    """Batch normalization counts the passes: its moving mean takes a step in each."""
    encoder = backbones.small_cnn((8, 8, 1), filters=(8,))
    shared = {"kind": tasks.Classification(3), "box": tasks.BoundingBox(), "mask": tasks.Segmentation(3)}
    model = build({**shared, "quiet": Quiet()}, keras.optimizers.SGD(0.0), encoder)
    single = build({"quiet": Quiet()}, keras.optimizers.SGD(0.0), keras.models.clone_model(encoder))
    single.encoder.set_weights(encoder.get_weights())
    model.train_on_batch(images, targets)
    single.train_on_batch(images)
    for now, then in zip(model.encoder.get_weights(), single.encoder.get_weights(), strict=True):
        np.testing.assert_allclose(now, then, atol=1e-6)


def test_what_tasks_look_at(images):
    class Looker(tasks.Task):
        def forward(self, encoder, images, target, draws, training):
            self.saw = images
            return tf.reduce_mean(encoder(images, training=training)) ** 2, {}

    class Comparer(Looker):
        views = 2

    looking = {"plain": Looker(), "view": Looker(augmented=True), "both": Comparer()}
    model = build(looking, compiling={"run_eagerly": True})
    step = model.step.numpy()
    model.train_on_batch(images)
    model.step.assign(step)
    first, second = tf.split(model.augment(images), 2)
    np.testing.assert_array_equal(looking["plain"].saw, images)
    np.testing.assert_array_equal(looking["view"].saw, first)
    np.testing.assert_array_equal(looking["both"].saw, tf.concat([first, second], axis=0))


def test_tasks_draw_numbers_of_their_own_anew_in_every_step(images):
    model = build({"one": Quiet(), "two": Quiet()}, keras.optimizers.SGD(0.0))
    drawn = [model.train_on_batch(images, return_dict=True) for _ in range(2)]
    model.step.assign(0)
    model.reset_metrics()
    again = model.train_on_batch(images, return_dict=True)
    assert drawn[0]["one_drawn"] != drawn[0]["two_drawn"] and drawn[0]["one_drawn"] != drawn[1]["one_drawn"]
    assert again["one_drawn"] == drawn[0]["one_drawn"]


def test_an_epochs_accuracy_is_over_its_labels(images):
    """Of three batches the first has two labels, the second one and the third none."""
    labels = np.full(24, -1)
    labels[[0, 5, 9]] = [0, 1, 2]
    model = build({"kind": tasks.Classification(3)})
    logs = model.evaluate(images, {"kind": labels}, batch_size=8, verbose=0, return_dict=True)
    known = labels >= 0
    logits = model.predict_task("kind", images)[known]
    np.testing.assert_allclose(logs["kind_accuracy"], np.mean(logits.argmax(axis=1) == labels[known]), rtol=1e-6)
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels[known], logits=logits)
    np.testing.assert_allclose(logs["kind_loss"], np.mean(each), rtol=1e-5)


def test_few_labels_ride_along_as_if_they_were_alone(images, targets):
    """The gradient of a task is that of its labelled images, whatever other images are in the batch."""
    known = targets["kind"] >= 0
    whole, part = (build({"kind": tasks.Classification(3)}) for _ in range(2))
    whole.train_on_batch(images, {"kind": targets["kind"]})
    part.train_on_batch(images[known], {"kind": targets["kind"][known]})
    for now, then in zip(whole.get_weights(), part.get_weights(), strict=True):
        np.testing.assert_allclose(now, then, atol=1e-6)


@pytest.mark.parametrize("how", [{"run_eagerly": True}, {"jit_compile": True}], ids=["eager", "xla"])
def test_labelled_tasks_train_eagerly_and_under_xla_as_in_a_graph(images, targets, how):
    model, compiled = (build(every_labelled_task(), compiling=way, loss_weights="uncertainty") for way in ({}, how))
    for method in (model, compiled):
        method.fit(images, targets, batch_size=8, verbose=0)
    for now, then in zip(compiled.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(now, then, atol=2e-4)


def test_two_replicas_with_unequal_labels_learn_what_one_device_learns(images, targets, two_replicas):
    targets["kind"][:4] = -1  # no label among the first replica's rows of the first batch
    model = build(every_labelled_task(), loss_weights="uncertainty")
    dataset = data.from_arrays(images, targets, batch_size=8, shuffle=False)
    history = model.fit(dataset, epochs=2, verbose=0).history
    with two_replicas.scope():
        replicated = build(every_labelled_task(), loss_weights="uncertainty")
        again = replicated.fit(dataset, epochs=2, verbose=0).history
    for name, values in history.items():
        np.testing.assert_allclose(again[name], values, rtol=1e-3, atol=1e-5, err_msg=name)
    for now, then in zip(replicated.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(now, then, atol=1e-4)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_labelled_tasks_train_under_mixed_precision(images, targets, policy):
    keras.config.set_dtype_policy(policy)
    model = build(every_labelled_task())
    start = model.get_weights()
    history = model.fit(images, targets, batch_size=8, verbose=0).history
    assert np.all(np.isfinite([value[0] for value in history.values()]))
    assert all(np.all(np.isfinite(weight)) for weight in model.get_weights())
    assert sum(np.any(now != was) for now, was in zip(model.get_weights(), start, strict=True)) > 8
    assert model.predict_task("box", images).dtype == np.float32


def test_goes_on_after_loading_as_if_never_stopped(images, targets, tmp_path):
    model = build(every_labelled_task(), keras.optimizers.Adam(0.01), loss_weights="uncertainty")
    model.fit(images, targets, batch_size=8, verbose=0)
    model.save(tmp_path / "half.keras")
    loaded = keras.saving.load_model(tmp_path / "half.keras")
    assert list(loaded.tasks) == list(model.tasks) and loaded.loss_weights == model.loss_weights
    for method in (model, loaded):
        method.fit(images, targets, batch_size=8, initial_epoch=1, epochs=2, verbose=0)
    for now, then in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(now, then)


def test_a_task_and_a_method_of_one_name_are_saved_as_what_they_are():
    for name in tasks.__all__:
        if getattr(tasks, name) is not tasks.LabelledTask:
            registered = keras.saving.get_registered_name(getattr(tasks, name))
            assert keras.saving.get_registered_object(registered) is getattr(tasks, name)


def test_arrays_data_sets_and_validation_give_the_same_targets(images, targets):
    model = build(every_labelled_task())
    scores = model.evaluate(images[16:], {name: target[16:] for name, target in targets.items()}, verbose=0)
    dataset = tf.data.Dataset.from_tensor_slices((images, targets)).batch(8)
    np.testing.assert_allclose(model.evaluate(dataset.skip(2), verbose=0), scores, rtol=1e-5)
    held_out = (images[16:], {name: target[16:] for name, target in targets.items()})
    for how in ({"validation_data": held_out}, {"validation_split": 1 / 3}):
        model = build(every_labelled_task(), keras.optimizers.SGD(0.0))
        history = model.fit(images, targets, batch_size=8, verbose=0, **how).history
        np.testing.assert_allclose(history["val_loss"], scores[0], rtol=1e-5)
        assert np.isfinite(history["val_box_iou"][0])


def test_predictions_of_the_heads(images, targets):
    model = build(every_labelled_task())
    assert model.predict_task("kind", images).shape == (24, 3)
    assert model.predict_task("mask", images[:5], batch_size=2).shape == (5, 8, 8, 3)
    boxes = model.predict_task("box", images, batch_size=7)
    known = ~np.isnan(targets["box"]).any(axis=1)
    iou = batch_loss(model, images, targets)["box_iou"]
    np.testing.assert_allclose(iou, np.mean(losses.box_iou(targets["box"][known], boxes[known])), rtol=1e-5)
    for name in ("contrast", "color"):
        with pytest.raises(ValueError, match=f"in this model 'kind', 'box', 'mask'. Received: name='{name}'"):
            model.predict_task(name, images)


@pytest.mark.parametrize(
    "all_tasks, arguments, message",
    [
        ({}, {}, "tasks must be a dict.*Received: tasks={}"),
        ([Quiet()], {}, "tasks must be a dict"),
        ({"turn": tasks.Rotation}, {}, "be an object.*Received: 'turn'"),
        ({"turn": "Rotation"}, {}, "Received: 'turn': 'Rotation'"),
        (
            {"quiet": Quiet()},
            {"loss_weights": {"loud": 1.0}},
            "'loud', but no such task; the tasks are 'quiet'",
        ),
        ({"quiet": Quiet()}, {"loss_weights": {"quiet": -1.0}}, "'quiet' must be finite and not negative"),
        ({"quiet": Quiet()}, {"loss_weights": {"quiet": float("nan")}}, "'quiet' must be finite and not negative"),
        ({"quiet": Quiet()}, {"loss_weights": "learned"}, "\"uncertainty\" to learn.*loss_weights='learned'"),
        ({"quiet": Quiet()}, {"augmenter": augment.crops(8)}, "augmented=True.*with the tasks 'quiet'"),
    ],
)
def test_what_cannot_be_built_is_said(all_tasks, arguments, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        MultiTask(plain_encoder(), all_tasks, **arguments)


def test_an_encoder_must_suit_the_tasks():
    images = keras.Input((8, 6, 3))
    encoder = keras.Model(images, keras.layers.Dense(4)(keras.layers.Flatten()(images)))
    for task, message in (
        (tasks.Rotation(), "square"),
        (tasks.TileOrder(grid=3), "grid of 3 x 3 leaves cells of 2 x 2"),
        (tasks.Segmentation(3), "last feature map"),
        (tasks.Contrastive(linear_head()), "vectors of 8 and is given vectors of 4"),
        (tasks.Reconstruction(decoder=linear_head()), "codes of shape"),
        (tasks.MissingBlock(block_share=1.0), "block_share"),
    ):
        with pytest.raises(ValueError, match=message):
            MultiTask(encoder, {"it": task})
    with pytest.raises(ValueError, match="3 channels"):
        MultiTask(plain_encoder(), {"it": tasks.Colors()})


@pytest.mark.parametrize("as_dataset", [False, True], ids=["arrays", "dataset"])
@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda y: None, r"'kind', Classification, learns from targets of shape \("),
        (lambda y: y["kind"], "not by the names of tasks"),
        (lambda y: {**y, "color": y["kind"]}, "no task 'color'; the tasks are 'kind', 'box', 'mask', 'contrast'"),
        (lambda y: {**y, "contrast": y["kind"]}, "'contrast', Contrastive, makes its own targets"),
        (lambda y: {name: y[name] for name in ("kind", "box")}, "'mask', Segmentation, learns from targets"),
        (lambda y: {**y, "box": y["box"][:, :3]}, r"'box', BoundingBox, .*targets of shape \((24|None), 3\)"),
        (lambda y: {**y, "mask": y["mask"][:, :4]}, r"'mask', .*targets of shape \((24|None), 4, 8\)"),
        (lambda y: {**y, "kind": y["kind"] + 3}, "'kind' tells 3 classes apart.*Received: labels from 2 to"),
        (lambda y: {**y, "box": y["box"] * 8}, "'box' was given a box outside the image"),
        (lambda y: {**y, "box": y["box"][:, ::-1].copy()}, "'box' was given a box without an area"),
        (lambda y: {**y, "mask": y["mask"] + 9}, "'mask' tells 3 classes apart"),
    ],
)
def test_bad_targets_are_refused_in_words(images, targets, spoil, message, as_dataset):
    model = build(every_labelled_task())
    labels = spoil(targets)
    before = model.get_weights()
    with pytest.raises(ValueError, match=f"(?s){message}"):
        if as_dataset:
            pairs = images if labels is None else (images, labels)
            model.fit(tf.data.Dataset.from_tensor_slices(pairs).batch(24), verbose=0)
        else:
            model.fit(images, labels, batch_size=24, verbose=0)
    if not as_dataset:
        for now, was in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(now, was)


def test_a_refused_fit_does_not_spoil_the_next(images, targets):
    model = build({"kind": tasks.Classification(3)})
    before = model.get_weights()
    unknown = tf.data.Dataset.from_tensor_slices((images, {"kind": targets["kind"] + 3})).batch(24)
    with pytest.raises(ValueError, match="tells 3 classes apart"):
        model.fit(unknown, verbose=0)
    with pytest.raises(ValueError, match="learns from targets of shape"):
        model.fit(images, verbose=0)
    model.set_weights(before)
    assert np.isfinite(model.fit(images, {"kind": targets["kind"]}, batch_size=8, verbose=0).history["loss"][0])


def test_a_square_is_found_and_outlined_from_few_labels(rng):
    """Two tasks with labels for one image in four, beside reconstruction: both heads learn."""
    corners = rng.integers(0, 8, (256, 2))
    images, masks = np.zeros((256, 16, 16, 1), "uint8"), np.zeros((256, 16, 16), int)
    for number, (top, left) in enumerate(corners):
        images[number, top : top + 8, left : left + 8] = 255
        masks[number, top : top + 8, left : left + 8] = 1
    boxes = np.concatenate([corners, corners + 8], axis=1) / 16.0
    known = np.arange(256) % 4 == 0
    boxes[~known], masks[~known] = np.nan, -1
    encoder = backbones.conv_encoder((16, 16, 1), filters=(8, 16), units=16)
    trained = {"box": tasks.BoundingBox("smooth_l1"), "rebuild": tasks.Reconstruction()}
    model = build(trained, keras.optimizers.Adam(0.01), encoder, loss_weights={"box": 5.0})
    history = model.fit(images, {"box": boxes}, batch_size=64, epochs=40, verbose=0).history
    assert history["box_iou"][-1] > 0.7 > history["box_iou"][0]
    assert history["rebuild_loss"][-1] < history["rebuild_loss"][0] / 2
    encoder = backbones.small_cnn((16, 16, 1), filters=(8, 16))
    model = build({"mask": tasks.Segmentation(2)}, keras.optimizers.Adam(0.01), encoder)
    history = model.fit(images, {"mask": masks}, batch_size=64, epochs=20, verbose=0).history
    assert history["mask_accuracy"][-1] > 0.9
