import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl import evaluate
from keras_ssl.transfer import mask_mean_iou, mean_iou

IGNORED = 9


class Known:
    """A stand-in for a segmentation network, which gives the masks of the images whose numbers are their pixels."""

    def __init__(self, masks, class_names, ignore_class=None):
        self.masks, self.class_names, self.ignore_class = masks, list(class_names), ignore_class

    def predict(self, images):
        return self.masks[images[:, 0, 0, 0]]


def reference(predictions, masks, classes, ignored):
    """IoU of each class, NaN where it is nowhere, and the pixel accuracy, from the definitions."""
    counted = masks != ignored
    ious = []
    for number in range(classes):
        if number == ignored:
            continue
        predicted, true = (predictions == number) & counted, (masks == number) & counted
        union = (predicted | true).sum()
        ious.append((predicted & true).sum() / union if union else np.nan)
    return np.array(ious), (predictions == masks)[counted].mean() if counted.any() else np.nan


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5), st.sampled_from([None, 0, 4, IGNORED, 255]))
def test_it_is_the_definition(seed, images, ignored):
    rng = np.random.default_rng(seed)
    # Class 2 is nowhere.
    ids = [0, 1, 3, 4] if ignored is None else [0, 1, 3, 4, ignored]
    masks = rng.choice(ids, (images, 5, 6)).astype("uint8")
    predictions = np.where(rng.random(masks.shape) < 0.6, masks, rng.choice(ids, masks.shape)).astype("uint8")
    score = mask_mean_iou(predictions, masks, "abcde", ignored)
    ious, accuracy = reference(predictions, masks, 5, ignored)
    assert list(score.per_class) == [name for number, name in enumerate("abcde") if number != ignored]
    np.testing.assert_allclose([values["mean IoU"] for values in score.per_class.values()], ious)
    np.testing.assert_allclose(score.overall["mean IoU"], np.nanmean(ious))
    np.testing.assert_allclose(score.overall["pixel accuracy"], accuracy)


def test_the_mean_is_that_of_keras(rng):
    masks, predictions = rng.choice([0, 1, 3], (2, 4, 9, 9)).astype("uint8")
    metric = keras.metrics.MeanIoU(num_classes=5)
    metric.update_state(masks, predictions)
    assert float(mask_mean_iou(predictions, masks, "abcde")) == pytest.approx(float(metric.result()), abs=1e-6)


def test_closed_form():
    score = mask_mean_iou([[[0, 0, 1, 1]]], [[[0, 1, 1, 1]]], ["sky", "road", "car"])
    assert score.per_class["sky"]["mean IoU"] == 1 / 2
    assert score.per_class["road"]["mean IoU"] == 2 / 3
    assert np.isnan(score.per_class["car"]["mean IoU"])
    assert score.overall == pytest.approx({"mean IoU": 7 / 12, "pixel accuracy": 3 / 4})


def test_a_class_that_is_only_predicted_is_zero():
    score = mask_mean_iou([[[0, 2]]], [[[0, 0]]], "abc")
    assert score.per_class["c"]["mean IoU"] == 0.0
    assert float(score) == pytest.approx(1 / 4)


def test_to_predict_the_ignored_class_is_wrong_and_it_is_not_in_the_mean():
    for ignored, names in ((1, ["sky", "unlabelled"]), (IGNORED, ["sky"])):
        score = mask_mean_iou([[[0, ignored, 0]]], [[[0, 0, ignored]]], names, ignored)
        assert list(score.per_class) == ["sky"]
        assert float(score) == score.overall["pixel accuracy"] == 1 / 2


def test_without_any_labelled_pixel_there_is_no_number():
    score = mask_mean_iou([[[0, 0]]], [[[IGNORED, IGNORED]]], "ab", IGNORED)
    assert np.isnan(float(score))
    assert score.to_dict()["overall"] == {"mean IoU": None, "pixel accuracy": None}


@pytest.mark.parametrize("as_dataset", [True, False])
def test_a_segmenter_is_scored_as_its_arrays(rng, as_dataset):
    masks, predictions = rng.integers(0, 4, (2, 7, 5, 6)).astype("uint8")
    images = np.broadcast_to(np.arange(7, dtype="uint8")[:, None, None, None], (7, 5, 6, 3))
    data = tf.data.Dataset.from_tensor_slices((images, masks)).batch(3) if as_dataset else (images, masks)
    score = mean_iou(Known(predictions, "abcd", ignore_class=3), data, batch_size=2)
    assert score == mask_mean_iou(predictions, masks, "abcd", 3)
    assert score.settings["images"] == 7


def test_it_stands_in_tables():
    score = mask_mean_iou([[[0, 0, 1, 1]]], [[[0, 1, 1, 1]]], ["sky", "road"])
    assert evaluate.format_table({"SimCLR": score}).splitlines()[0] == "| features | mean IoU | pixel accuracy |"
    assert str(score).splitlines()[2:5] == [
        "| all classes | 0.583    | 0.750          |",
        "| sky         | 0.500    |                |",
        "| road        | 0.667    |                |",
    ]
    assert "not in the mean" in score.protocol


@pytest.mark.parametrize(
    ("predictions", "masks", "message"),
    [
        ([[[0, 5]]], [[[0, 1]]], r"predictions must hold numbers from 0 to 1.*\[5\]"),
        ([[[0, 1]]], [[[0, 7]]], r"masks must hold numbers from 0 to 1.*\[7\]"),
        ([[[0.0, 1.0]]], [[[0, 1]]], "predictions must hold integers.*float64"),
        ([[[0, 1]]], [[[0], [1]]], "same shape"),
        ([[0, 1]], [[0, 1]], "same shape"),
    ],
)
def test_what_does_not_fit_is_an_error(predictions, masks, message):
    with pytest.raises(ValueError, match=message):
        mask_mean_iou(predictions, masks, ["sky", "road"])


def test_other_classes_than_the_segmenters_are_an_error():
    data = tf.data.Dataset.from_tensors((np.zeros((1, 4, 4, 3), "uint8"), np.zeros((1, 4, 4), "uint8")))
    data.class_names = ["road"]
    with pytest.raises(ValueError, match="same classes"):
        mean_iou(Known(np.zeros((1, 4, 4), "uint8"), ["sky"]), data)


def test_a_keras_model_is_scored_without_progress_bars(rng, capsys):
    class Threshold(keras.Model):
        class_names, ignore_class = ("dark", "bright"), None

        def call(self, images):
            return keras.ops.cast(keras.ops.mean(images, axis=-1) > 127, "uint8")

    images = rng.integers(0, 256, (5, 4, 6, 3)).astype("uint8")
    masks = (images.astype("float32").mean(axis=-1) > 127).astype("uint8")
    assert float(mean_iou(Threshold(), (images, masks), batch_size=2)) == 1.0
    assert capsys.readouterr().out == ""
