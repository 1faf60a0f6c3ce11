import sys

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl.transfer import average_precision, box_average_precision

pytest.importorskip("pycocotools")

THRESHOLDS = np.linspace(0.5, 0.95, 10)
LEFT, RIGHT = [0.1, 0.1, 0.5, 0.3], [0.1, 0.6, 0.5, 0.9]
NOTHING = [-1.0, -1.0, -1.0, -1.0]


def found(boxes, classes=None, scores=None):
    """Predictions for one image, of class 0 with falling scores where nothing else is said."""
    classes = [0] * len(boxes) if classes is None else classes
    scores = np.linspace(0.9, 0.5, len(boxes)) if scores is None else scores
    return {
        "boxes": np.reshape(boxes, (1, -1, 4)).astype("float32"),
        "scores": np.reshape(scores, (1, -1)).astype("float32"),
        "classes": np.reshape(classes, (1, -1)).astype("int32"),
    }


def truth(boxes, classes=None):
    boxes = found(boxes, classes)
    return {"boxes": boxes["boxes"], "classes": boxes["classes"]}


def overall(predictions, truths, class_names=("cell",)):
    return box_average_precision(predictions, truths, (60, 80), class_names).overall


class Known:
    """A stand-in for a detector, which gives the predictions of the images whose numbers are their pixels."""

    def __init__(self, predictions, class_names=("cell",)):
        self.predictions, self.class_names = predictions, list(class_names)

    def predict(self, images):
        rows = images[:, 0, 0, 0]
        return {key: array[rows] for key, array in self.predictions.items()}


def reference(predictions, truths, classes):
    """AP of each threshold and class, (10, classes), from COCO's definition."""
    averages = np.full((len(THRESHOLDS), classes), np.nan)
    for number in range(classes):
        objects = int((truths["classes"] == number).sum())
        for t, threshold in enumerate(THRESHOLDS):
            outcomes = []
            for image in range(len(truths["classes"])):
                boxes = truths["boxes"][image][truths["classes"][image] == number]
                rows = np.flatnonzero(predictions["classes"][image] == number)
                taken = set()
                for row in sorted(rows, key=lambda row: -predictions["scores"][image, row]):
                    ious = [iou(predictions["boxes"][image, row], box) for box in boxes]
                    free = [i for i in range(len(boxes)) if i not in taken and ious[i] >= threshold]
                    if free:
                        taken.add(max(free, key=lambda i: ious[i]))
                    outcomes.append((predictions["scores"][image, row], bool(free)))
            if not objects:
                continue
            hits = np.cumsum([hit for _, hit in sorted(outcomes, key=lambda outcome: -outcome[0])])
            recall, precision = hits / objects, hits / np.arange(1, len(hits) + 1)
            averages[t, number] = np.mean(
                [max(precision[recall >= point], default=0.0) for point in np.linspace(0, 1, 101)]
            )
    return averages


def iou(a, b):
    height, width = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    shared = max(height, 0) * max(width, 0)
    return shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared)


def random_scenes(rng, images, classes):
    """Truths, and predictions near some of them, all of different scores."""
    top_left = rng.uniform(0, 0.6, (images, 6, 2))
    boxes = np.concatenate([top_left, top_left + rng.uniform(0.1, 0.4, (images, 6, 2))], axis=-1)
    truths = {"boxes": boxes[:, :4].copy(), "classes": rng.integers(-1, classes, (images, 4))}
    near = boxes + rng.normal(0, 0.02, boxes.shape)
    near[..., 2:] = np.maximum(near[..., 2:], near[..., :2] + 0.02)
    labels = np.concatenate([truths["classes"], rng.integers(-1, classes, (images, 2))], axis=1)
    labels = np.where(rng.random(labels.shape) < 0.2, rng.integers(-1, classes, labels.shape), labels)
    scores = rng.permutation(labels.size).reshape(labels.shape) / labels.size
    return {"boxes": near, "scores": scores, "classes": labels}, truths


def test_perfect_boxes_are_one():
    score = box_average_precision(found([LEFT, RIGHT], [0, 1]), truth([LEFT, RIGHT], [0, 1]), (60, 80), ["a", "b"])
    assert score.overall == pytest.approx({"AP": 1.0, "AP50": 1.0, "AP75": 1.0})
    assert score.per_class["b"] == pytest.approx({"AP": 1.0, "AP50": 1.0, "AP75": 1.0})
    assert float(score) == pytest.approx(1.0)
    assert score.settings["images"] == 1
    assert score.settings["objects"] == 2


@pytest.mark.parametrize("predictions", [found([NOTHING], [-1], [0.0]), found([])], ids=["padding", "no rows"])
def test_no_detections_are_zero(predictions):
    assert overall(predictions, truth([LEFT])) == {"AP": 0.0, "AP50": 0.0, "AP75": 0.0}


def test_one_of_two_objects_reaches_51_of_101_recalls():
    assert overall(found([LEFT]), truth([LEFT, RIGHT]))["AP"] == pytest.approx(51 / 101)


def test_the_wrong_class_is_zero_and_a_class_without_objects_is_left_out():
    score = box_average_precision(found([LEFT], [1]), truth([LEFT], [0]), (60, 80), ["a", "b"])
    assert score.overall["AP"] == 0.0
    assert score.per_class["a"]["AP50"] == 0.0
    assert np.isnan(score.per_class["b"]["AP50"])
    assert "| b           | nan   | nan   | nan   |" in str(score)


def test_an_iou_of_three_fifths_counts_at_half_and_not_at_three_quarters():
    measures = overall(found([[0.0, 0.0, 0.6, 1.0]]), truth([[0.0, 0.0, 1.0, 1.0]]))
    assert (measures["AP50"], measures["AP75"]) == pytest.approx((1.0, 0.0))


def test_a_second_detection_of_an_object_lowers_the_precision():
    twice = found([LEFT, LEFT, RIGHT])
    assert overall(found([LEFT, RIGHT]), truth([LEFT, RIGHT]))["AP"] == pytest.approx(1.0)
    # Recalls up to 1/2 at precision 1, the others at 2/3.
    assert overall(twice, truth([LEFT, RIGHT]))["AP"] == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_a_detection_beside_all_objects_costs_nothing_if_it_comes_last():
    assert overall(found([LEFT, RIGHT]), truth([LEFT]))["AP"] == pytest.approx(1.0)
    assert overall(found([RIGHT, LEFT]), truth([LEFT]))["AP"] == pytest.approx(0.5)


def test_no_true_box_at_all_is_nan():
    assert np.isnan(overall(found([LEFT]), truth([NOTHING], [-1]))["AP"])


def test_a_predicted_box_upside_down_is_a_wrong_detection():
    assert overall(found([[0.5, 0.3, 0.1, 0.1], LEFT]), truth([LEFT]))["AP"] == pytest.approx(0.5)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 3))
def test_it_is_the_definition(seed, images, classes):
    predictions, truths = random_scenes(np.random.default_rng(seed), images, classes)
    names = [str(number) for number in range(classes)]
    score = box_average_precision(predictions, truths, (96, 128), names)
    expected = reference(predictions, truths, classes)
    rows = {"AP": expected.mean(axis=0), "AP50": expected[0], "AP75": expected[5]}
    for measure, values in rows.items():
        got = [score.per_class[name][measure] for name in names]
        np.testing.assert_allclose(got, values, atol=1e-6)
        present = values[~np.isnan(values)]
        expected_mean = present.mean() if len(present) else np.nan
        np.testing.assert_allclose(score.overall[measure], expected_mean, atol=1e-6)


def test_the_size_of_the_images_does_not_matter(rng):
    predictions, truths = random_scenes(rng, 5, 2)
    small, large = (box_average_precision(predictions, truths, size, "ab").overall for size in ((8, 8), (300, 700)))
    assert small == pytest.approx(large)


@pytest.mark.parametrize("as_dataset", [True, False])
def test_a_detector_is_scored_as_its_arrays(rng, as_dataset):
    predictions, truths = random_scenes(rng, 7, 2)
    images = np.broadcast_to(np.arange(7, dtype="uint8")[:, None, None, None], (7, 6, 8, 3))
    data = (images, truths)
    if as_dataset:
        data = tf.data.Dataset.from_tensor_slices(data).batch(3)
    expected = box_average_precision(predictions, truths, (6, 8), "ab")
    assert average_precision(Known(predictions, "ab"), data, batch_size=3) == expected


def test_batches_may_have_different_numbers_of_rows():
    class Growing(Known):
        def predict(self, images):
            rows = {key: np.repeat(array, len(images), axis=0) for key, array in found([LEFT]).items()}
            return rows if len(images) == 2 else found([LEFT, NOTHING], [0, -1])

    truths = {key: np.repeat(array, 3, axis=0) for key, array in truth([LEFT]).items()}
    score = average_precision(Growing({}), (np.zeros((3, 6, 8, 3), "uint8"), truths), batch_size=2)
    assert score.overall["AP"] == pytest.approx(1.0)


def test_nothing_is_printed_and_the_result_is_plain(capsys):
    score = box_average_precision(found([LEFT]), truth([LEFT]), (60, 80), ["cell", "plate"])
    assert capsys.readouterr().out == ""
    assert score.to_dict()["per_class"]["plate"]["AP"] is None
    assert "AP50" in score.columns
    assert "at most 100 detections" in str(score)


def test_without_pycocotools_the_error_has_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "pycocotools", None)
    with pytest.raises(ImportError, match=r'pip install "keras_ssl\[detection\]"'):
        average_precision(Known({}), (np.zeros((1, 4, 4, 3)), truth([LEFT])))


@pytest.mark.parametrize(
    ("predictions", "truths", "message"),
    [
        (found([LEFT], [3]), truth([LEFT]), "classes from 0 to 0.*Received: classes from 3 to 3"),
        (found([LEFT]), truth([LEFT], [1]), "truths must have classes"),
        (found([LEFT], scores=[np.nan]), truth([LEFT]), "scores of predictions must be finite.*image 0"),
        (found([LEFT]), truth([[0.5, 0.1, 0.1, 0.3]]), "must have an area.*for image 0"),
        ({"boxes": [[LEFT]]}, truth([LEFT]), "keys boxes, classes, scores"),
        ({**found([LEFT]), "boxes": [[LEFT[:3]]]}, truth([LEFT]), "Received: boxes of shape"),
        ({key: np.repeat(array, 2, axis=0) for key, array in found([LEFT]).items()}, truth([LEFT]), "each image"),
    ],
)
def test_what_does_not_fit_is_an_error(predictions, truths, message):
    with pytest.raises(ValueError, match=message):
        overall(predictions, truths)


def test_other_classes_than_the_detectors_are_an_error():
    data = tf.data.Dataset.from_tensors((np.zeros((1, 4, 4, 3), "uint8"), truth([LEFT])))
    data.class_names = ["plate"]
    with pytest.raises(ValueError, match="same classes.*'cell'.*'plate'"):
        average_precision(Known(found([LEFT])), data)


def test_images_without_truth_and_no_images_are_errors():
    images = tf.data.Dataset.from_tensors(np.zeros((1, 4, 4, 3), "uint8"))
    with pytest.raises(ValueError, match="beside their truth"):
        average_precision(Known(found([LEFT])), images)
    data = tf.data.Dataset.from_tensors((np.zeros((1, 4, 4, 3), "uint8"), truth([LEFT]))).take(0)
    with pytest.raises(ValueError, match="no images to score"):
        average_precision(Known(found([LEFT])), data)
