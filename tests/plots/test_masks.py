import numpy as np
import pytest

from keras_ssl.plots import masks

NAMES = ["sky", "road", "car"]


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (3, 4, 6, 3)).astype("uint8")


def pictures(figure):
    return [np.asarray(axis.images[0].get_array()) for axis in figure.axes]


def legend(figure):
    return {
        text.get_text(): patch.get_facecolor()[:3]
        for text, patch in zip(figure.legends[0].get_texts(), figure.legends[0].get_patches(), strict=True)
    }


def test_the_worst_image_comes_first(images, drawn):
    truths = np.zeros((3, 4, 6), "uint8")
    truths[:, 2:] = 1
    predictions = truths.copy()
    predictions[1] = 1 - truths[1]  # all wrong
    predictions[2, 0] = 1  # sky 1/2, road 2/3
    figure = masks(images, truths, predictions, NAMES)
    assert [figure.axes[i].get_xlabel() for i in (2, 6, 10)] == ["mean IoU 0.00", "mean IoU 0.58", "mean IoU 1.00"]
    assert [axis.get_title() for axis in figure.axes[:4]] == ["image", "truth", "prediction", "errors"]
    for row, number in enumerate((1, 2, 0)):
        np.testing.assert_allclose(pictures(figure)[4 * row], images[number] / 255, rtol=1e-6)
    assert drawn(figure).std() > 0
    assert len(masks(images, truths, predictions, NAMES, count=2).axes) == 8


def test_each_class_has_its_color(images):
    truth, prediction = np.zeros((2, 1, 4, 6), "uint8")
    truth[:, :, 3:], prediction[:, 2:] = 2, 2
    figure = masks(images[:1], truth, prediction, NAMES)
    colors = legend(figure)
    assert list(colors) == ["sky", "car", "right"]  # there is no road
    _, drawn_truth, drawn_prediction, errors = pictures(figure)
    for picture, mask in ((drawn_truth, truth[0]), (drawn_prediction, prediction[0])):
        np.testing.assert_allclose(picture[mask == 0], np.tile(colors["sky"], (12, 1)), atol=1e-6)
        np.testing.assert_allclose(picture[mask == 2], np.tile(colors["car"], (12, 1)), atol=1e-6)
    np.testing.assert_allclose(errors[0, 0], colors["right"], atol=1e-6)
    np.testing.assert_allclose(errors[0, 5], colors["car"], atol=1e-6)  # the true class of a wrong pixel
    np.testing.assert_allclose(errors[3, 0], colors["sky"], atol=1e-6)


@pytest.mark.parametrize("ignored", [2, 255])
def test_pixels_without_label_are_black_and_count_nowhere(images, ignored):
    truths, predictions = np.zeros((2, 2, 4, 6), "uint8")
    truths[0, 0], predictions[0, 0], truths[1] = ignored, 1, ignored
    figure = masks(images[:2], truths, predictions, NAMES, ignore_class=ignored)
    assert figure.axes[2].get_xlabel() == "mean IoU 1.00"
    assert figure.axes[6].get_xlabel() == "mean IoU nan"  # no labelled pixel
    _, truth, _, errors = pictures(figure)[:4]
    assert not truth[0].any()
    assert not errors[0].any()
    assert list(legend(figure)) == ["sky", "road", "right", "no label"]


def test_classes_beyond_the_tenth_have_colors_of_their_own(rng, drawn):
    truth = np.arange(24, dtype="uint8").reshape(1, 4, 6)
    figure = masks(rng.uniform(0, 255, (1, 4, 6, 1)), truth, truth, [f"class {number}" for number in range(24)])
    assert len(set(legend(figure).values())) == 25
    assert drawn(figure).std() > 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"truths": np.zeros((1, 4, 5), int)}, r"\(1, 4, 6\).*truths of shape \(1, 4, 5\)"),
        ({"predictions": np.zeros((4, 6), int)}, "predictions of shape"),
        ({"predictions": np.full((1, 4, 6), 7)}, "predictions must hold numbers"),
        ({"count": 0}, "count must be a positive integer"),
        ({"width": -1.0}, "width must be positive"),
    ],
)
def test_what_does_not_fit_is_an_error(images, changes, message):
    mask = np.zeros((1, 4, 6), "uint8")
    arguments = {"images": images[:1], "truths": mask, "predictions": mask, "class_names": NAMES}
    with pytest.raises(ValueError, match=message):
        masks(**arguments | changes)
