"""Classification, boxes and segmentation: losses and metrics of what is labelled, against NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import losses, tasks
from keras_ssl.backbones.feature_map import with_feature_map
from keras_ssl.tasks.shared_passes import SharedPasses


def cross_entropy(logits, labels):
    """−log softmax(logits)[label], one by one."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return -np.log(np.take_along_axis(exponentials, labels[..., None], -1)[..., 0] / exponentials.sum(axis=-1))


def class_reference(logits, target, ignored=()):
    known = (target >= 0) & ~np.isin(target, ignored)
    logits, labels = logits[known], target[known]
    return cross_entropy(logits, labels).mean(), {"accuracy": (logits.argmax(axis=-1) == labels).mean()}


def box_reference(loss):
    each = {
        "mse": lambda true, boxes: ((true - boxes) ** 2).mean(axis=-1),
        "smooth_l1": lambda true, boxes: losses.smooth_l1(true, boxes).numpy(),
        "giou": lambda true, boxes: 1 - losses.giou(true, boxes).numpy(),
    }[loss]

    def reference(boxes, target):
        known = ~np.isnan(target).any(axis=-1)
        true, boxes = target[known], boxes[known]
        return each(true, boxes).mean(), {"iou": losses.box_iou(true, boxes).numpy().mean()}

    return reference


BOXES = np.array([[0.1, 0.2, 0.6, 0.9], [0.5, 0.5, 1.0, 1.0], [0.0, 0.0, 0.3, 1.0]])

#: How to make a task, its reference, and a full batch of six targets.
CASES = {
    "Classification": (
        lambda: tasks.Classification(4),
        class_reference,
        lambda rng: rng.integers(0, 4, 6),
    ),
    "Segmentation": (
        lambda: tasks.Segmentation(3),
        lambda logits, target: class_reference(logits, target, ignored=(255,)),
        lambda rng: rng.integers(0, 3, (6, 12, 12)),
    ),
    **{
        f"BoundingBox {loss}": (
            lambda loss=loss: tasks.BoundingBox(loss),
            box_reference(loss),
            lambda rng: np.concatenate([BOXES, BOXES[::-1]]).astype("float32"),
        )
        for loss in ("mse", "smooth_l1", "giou")
    },
}
MISSING = {"Classification": -1, "Segmentation": -1}


@pytest.fixture(params=sorted(CASES))
def case(request, encoder, rng):
    """A task on the encoder, the encoder with its feature map, a reference, targets, and what stands for none."""
    make, reference, targets = CASES[request.param]
    task = make()
    task.attach(encoder)
    passes = SharedPasses(
        encoder, keras.Model(encoder.inputs[0], [encoder.outputs[0], encoder.get_layer("map").output])
    )
    return task, passes, reference, targets(rng), MISSING.get(request.param, np.nan)


def forward(task, passes, images, target):
    return task.forward(passes, images, tf.constant(target), None, training=False)


@pytest.mark.parametrize("known", [6, 4, 1])
def test_loss_and_metrics_are_means_over_what_is_labelled(case, images, known):
    task, passes, reference, target, missing = case
    target[known:] = missing
    expected_loss, expected_metrics = reference(task.outputs(passes, images, training=False).numpy(), target)
    loss, metrics = forward(task, passes, images, target)
    assert set(metrics) == set(task.logged) == set(expected_metrics)
    np.testing.assert_allclose(loss, expected_loss, rtol=1e-5)
    for name, value in metrics.items():
        np.testing.assert_allclose(value, expected_metrics[name], rtol=1e-5)


def test_images_without_labels_change_nothing(case, images, rng):
    task, passes, _, target, missing = case
    target[2:] = missing
    others = tf.concat([images[:2], rng.uniform(0, 255, images[2:].shape).astype("float32")], axis=0)
    np.testing.assert_allclose(forward(task, passes, others, target)[0], forward(task, passes, images, target)[0])


def test_without_any_label_the_loss_is_zero_and_so_is_its_gradient(case, images):
    task, passes, _, target, missing = case
    target[:] = missing
    with tf.GradientTape() as tape:
        tape.watch(images)
        loss, metrics = task.forward(passes, images, tf.constant(target), None, training=True)
    gradients = tape.gradient(loss, [images, *(weight.value for weight in task.trainable_weights)])
    assert loss == 0 and all(value == 0 for value in metrics.values())
    assert all(not np.any(gradient) for gradient in gradients)


def test_labels_may_be_of_any_numeric_type(case, images):
    task, passes, _, target, missing = case
    target[4:] = missing
    expected = forward(task, passes, images, target)[0]
    np.testing.assert_allclose(forward(task, passes, images, target.astype("float32"))[0], expected)


def test_masks_in_bytes_mark_unknown_pixels_with_255(encoder, images, rng):
    task = tasks.Segmentation(3)
    task.attach(encoder)
    passes = SharedPasses(
        encoder, keras.Model(encoder.inputs[0], [encoder.outputs[0], encoder.get_layer("map").output])
    )
    target = rng.integers(-1, 3, (6, 12, 12))
    in_bytes = np.where(target < 0, 255, target).astype("uint8")
    assert forward(task, passes, images, in_bytes)[0] == forward(task, passes, images, target)[0]


def test_masks_are_predicted_from_the_feature_map_by_interpolation(encoder, images):
    task = tasks.Segmentation(2)
    task.attach(encoder)
    both = with_feature_map(encoder, "A test reads")
    logits = task.outputs(SharedPasses(encoder, both), images, training=False).numpy()
    small = both(images)[1].numpy() @ task.head.kernel.numpy()[0, 0] + task.head.bias.numpy()
    assert logits.shape == (6, 12, 12, 2)
    # Half-way between two centers of the small map at a quarter and three quarters.
    np.testing.assert_allclose(logits[:, 0, 0], small[:, 0, 0], rtol=1e-4, atol=1e-5)
    mixed = 0.75 * small[:, :, 2] + 0.25 * small[:, :, 3]
    np.testing.assert_allclose(logits[:, 5, 5], 0.75 * mixed[:, 2] + 0.25 * mixed[:, 3], rtol=1e-4, atol=1e-5)


def test_every_predicted_box_is_one(encoder, images):
    task = tasks.BoundingBox()
    task.attach(encoder)
    boxes = task.outputs(encoder, 50 * images, training=False).numpy()
    center, size = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    assert np.all(size > 0) and np.all(size < 1) and np.all(center > 0) and np.all(center < 1)


@pytest.mark.parametrize(
    "task, values",
    [
        (tasks.Classification(3), [0, 2, -1]),
        (tasks.Classification(3), [-1, -1, -1]),
        (tasks.Segmentation(3), [[[0, 2], [-1, 255]]]),
        (tasks.BoundingBox(), [[0.0, 0.0, 1.0, 1.0], [np.nan] * 4]),
        (tasks.BoundingBox(), [[np.nan, 5.0, 1.0, 1.0]]),
        (tasks.BoundingBox(), [[0.0, 0.0, 1.00001, 0.5]]),
    ],
)
def test_possible_targets_pass(task, values):
    task.check_values("it", *map(float, task.value_range(np.array(values))))


@pytest.mark.parametrize(
    "task, values, message",
    [
        (tasks.Classification(3), [0, 3], "'it' tells 3 classes apart, 0 to 2; -1 .* images.*from 0 to 3"),
        (tasks.Classification(3), [-2, 1], "from -2 to 1"),
        (tasks.Segmentation(3), [[[0, 7]]], "'it' tells 3 classes.*-1 and 255 .* pixels.*from 0 to 7"),
        (tasks.BoundingBox(), [[0.1, 0.1, 1.5, 0.5]], r"'it' .* outside the image.*\[0, 1\].*from 0.1 to 1.5"),
        (tasks.BoundingBox(), [[-0.2, 0.1, 0.5, 0.5]], "outside the image.*from -0.2 to 0.5"),
        (tasks.BoundingBox(), [[3.0, 10.0, 20.0, 30.0]], "share of the image's height or width.*from 3 to 30"),
        (tasks.BoundingBox(), [[0.0, np.inf, 0.5, 0.5]], "outside the image"),
        (tasks.BoundingBox(), [[0.1, 0.5, 0.4, 0.2]], "'it' .* without an area.*width of -0.3"),
        (tasks.BoundingBox(), [[0.1, 0.2, 0.1, 0.4]], "without an area.*width of 0"),
    ],
)
def test_impossible_targets_are_refused_in_words(task, values, message):
    with pytest.raises(ValueError, match=f"{message}"):
        task.check_values("it", *map(float, task.value_range(np.array(values))))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: tasks.Classification(1), "at least 2. Received: classes=1"),
        (lambda: tasks.Classification("cats"), "Received: classes='cats'"),
        (lambda: tasks.Segmentation(256), "at most 255 classes. Received: classes=256"),
        (lambda: tasks.BoundingBox("ciou"), "'mse', 'smooth_l1', 'giou'. Received: loss='ciou'"),
        (lambda: tasks.BoundingBox(augmented=True), "not its boxes: leave augmented.*Received: augmented=True"),
        (
            lambda: tasks.Segmentation(3, augmented=True),
            "not its masks: leave augmented.*Received: augmented=True",
        ),
        (lambda: tasks.Contrastive(augmented=True), "random views anyway.*Received: augmented=True"),
        (lambda: tasks.Contrastive(temperature=0), "Received: temperature=0"),
        (lambda: tasks.Reconstruction("l2"), "Received: reconstruction_loss='l2'"),
    ],
)
def test_what_a_task_cannot_be_is_said(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_segmentation_needs_a_feature_map():
    encoder = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(4)])
    with pytest.raises(ValueError, match="Segmentation predicts classes from the encoder's last feature map"):
        tasks.Segmentation(3).attach(encoder)


def test_a_task_has_one_encoder(encoder):
    task = tasks.Classification(3)
    task.attach(encoder)
    with pytest.raises(ValueError, match=r"create another Classification\(…\)"):
        task.attach(encoder)
