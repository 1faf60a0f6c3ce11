import numpy as np
import pytest

from keras_ssl.plots import detections

LEFT, RIGHT = [0.1, 0.1, 0.5, 0.3], [0.1, 0.6, 0.5, 0.9]
NAMES = ["cell", "plate"]


def scenes(*images):
    """Boxes, classes and scores of each image, padded to two rows with -1."""
    boxes, classes, scores = (
        -np.ones((len(images), 2, 4)),
        -np.ones((len(images), 2), int),
        np.zeros((len(images), 2)),
    )
    for number, rows in enumerate(images):
        for row, (box, label, score) in enumerate(rows):
            boxes[number, row], classes[number, row], scores[number, row] = box, label, score
    return {"boxes": boxes, "classes": classes, "scores": scores}


def drawn_boxes(axis):
    """(left, top, width, height) of each box, and whether its line is solid."""
    return [(*patch.get_xy(), patch.get_width(), patch.get_height()) for patch in axis.patches], [
        patch.get_linestyle() in ("-", "solid") for patch in axis.patches
    ]


def words(axis):
    return [text.get_text() for text in axis.texts]


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (3, 20, 40, 3)).astype("uint8")


def test_the_worst_image_comes_first(images, drawn):
    truths = scenes([(LEFT, 0, 0)], [(LEFT, 0, 0), (RIGHT, 0, 0)], [(LEFT, 1, 0)])
    # All found; one of two found, F1 = 2/3; the wrong class, F1 = 0.
    predictions = scenes([(LEFT, 0, 0.9)], [(RIGHT, 0, 0.8)], [(LEFT, 0, 0.7)])
    figure = detections(images, truths, predictions, NAMES)
    titles = [axis.get_title() for axis in figure.axes]
    assert titles[1::2] == [
        "predicted: 0 of 1 right, F1 0.00",
        "predicted: 1 of 1 right, F1 0.67",
        "predicted: 1 of 1 right, F1 1.00",
    ]
    assert titles[2] == "truth: 1 of 2 found"
    for row, number in enumerate((2, 1, 0)):
        shown = np.asarray(figure.axes[2 * row].images[0].get_array())
        np.testing.assert_allclose(shown, images[number] / 255, rtol=1e-6)
    assert drawn(figure).std() > 0
    assert len(detections(images, truths, predictions, NAMES, count=1).axes) == 2


def test_boxes_stand_where_they_are_with_class_and_score(images):
    truths = scenes([(LEFT, 0, 0), (RIGHT, 1, 0)])
    predictions = scenes([(LEFT, 0, 0.91), ([0.5, 0.5, 1, 1], 1, 0.5)])
    left, right = detections(images[:1], truths, predictions, NAMES).axes
    boxes, solid = drawn_boxes(left)
    np.testing.assert_allclose(boxes, [(3.5, 1.5, 8, 8), (23.5, 1.5, 12, 8)], rtol=1e-5)
    assert solid == [True, False]
    assert words(left) == ["cell", "plate"]
    boxes, solid = drawn_boxes(right)
    np.testing.assert_allclose(boxes[1], (19.5, 9.5, 20, 10), rtol=1e-5)
    assert solid == [True, False]
    assert words(right) == ["cell 0.91", "plate 0.50"]
    colors = [patch.get_edgecolor() for patch in left.patches]
    assert colors[0] != colors[1]
    assert colors[0] == right.patches[0].get_edgecolor()


def test_the_second_detection_of_an_object_is_wrong(images):
    figure = detections(images[:1], scenes([(LEFT, 0, 0)]), scenes([(LEFT, 0, 0.6), (LEFT, 0, 0.8)]), NAMES)
    assert drawn_boxes(figure.axes[1])[1] == [False, True]  # the one with the lower score


def test_low_scores_are_left_out(images):
    truths, predictions = scenes([(LEFT, 0, 0)]), scenes([(LEFT, 0, 0.6), (RIGHT, 0, 0.2)])
    assert words(detections(images[:1], truths, predictions, NAMES).axes[1]) == ["cell 0.60"]
    every = detections(images[:1], truths, predictions, NAMES, min_score=0.0)
    assert words(every.axes[1]) == ["cell 0.60", "cell 0.20"]


def test_the_legend_names_the_classes(images):
    figure = detections(images[:1], scenes([]), scenes([]), NAMES)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [*NAMES, "right", "wrong, or not found"]
    assert figure.axes[1].get_title() == "predicted: 0 of 0 right, F1 1.00"


def test_gray_images_and_many_classes_are_drawn(rng, drawn):
    names = [f"class {number}" for number in range(35)]
    truths = scenes([(LEFT, 34, 0)])
    assert drawn(detections(rng.uniform(0, 255, (1, 8, 8, 1)), truths, truths, names, min_score=0)).std() > 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"class_names": ["cell"]}, "needs a name.*class 1"),
        ({"truths": scenes([], [])}, r"truths must be boxes of shape \(1, rows, 4\)"),
        ({"predictions": {"boxes": [[LEFT]]}}, "predictions must be a dict.*scores"),
        ({"count": 0}, "count must be a positive integer"),
        ({"min_score": 2}, "min_score"),
        ({"width": 0}, "width must be positive"),
    ],
)
def test_what_does_not_fit_is_an_error(images, changes, message):
    arguments = {
        "images": images[:1],
        "truths": scenes([(LEFT, 1, 0)]),
        "predictions": scenes([]),
        "class_names": NAMES,
    }
    with pytest.raises(ValueError, match=message):
        detections(**arguments | changes)
