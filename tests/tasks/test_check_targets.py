import numpy as np
import pytest

from keras_ssl import tasks
from keras_ssl.tasks.check_targets import check_targets

TASKS = {"kind": tasks.Classification(3), "box": tasks.BoundingBox(), "turn": tasks.Rotation()}
SHAPE = (8, 16, 12, 3)
GOOD = {"kind": np.zeros(8, int), "box": np.zeros((8, 4))}


def test_targets_of_the_right_shape_pass():
    assert check_targets(TASKS, GOOD, SHAPE) is GOOD
    assert check_targets(TASKS, GOOD, (None, 16, 12, 3)) is GOOD
    masks = {"mask": np.zeros((8, 16, 12), "uint8")}
    assert check_targets({"mask": tasks.Segmentation(2)}, masks, SHAPE) is masks


@pytest.mark.parametrize("labels", [None, np.zeros(8), [1, 2]])
def test_without_tasks_that_need_labels_they_are_ignored(labels):
    assert check_targets({"turn": TASKS["turn"]}, labels, SHAPE) == {}


@pytest.mark.parametrize(
    "labels, message",
    [
        (None, r"'kind', Classification, .*shape \(8,\).*Received: images of shape \(8, 16, 12, 3\) with no labels"),
        (np.zeros(8), r"give \(images, \{'kind': targets\}\).*ndarray.*not by the names of tasks"),
        ({"kind": GOOD["kind"]}, r"'box', BoundingBox, .*shape \(8, 4\).*with labels for 'kind'"),
        ({}, "with labels for no task"),
        ({**GOOD, "color": np.zeros(8)}, "no task 'color'; the tasks are 'kind', 'box', 'turn'. Received: labels"),
        (
            {**GOOD, "turn": np.zeros(8)},
            "'turn', Rotation, makes its own targets.*Received: labels for 'kind', 'box'",
        ),
        (
            {**GOOD, "box": np.zeros((8, 5))},
            r"'box', BoundingBox, .*of shape \(8, 4\).*targets of shape \(8, 5\).*images of shape \(8, 16, 12, 3\)",
        ),
        ({**GOOD, "kind": np.zeros((8, 3))}, r"'kind'.*of shape \(8,\).*targets of shape \(8, 3\)"),
        ({**GOOD, "kind": np.zeros(7)}, r"'kind'.*targets of shape \(7,\)"),
        ({**GOOD, "kind": np.array(["cat"] * 8)}, "'kind', Classification, learns from numbers.*dtype.*string"),
    ],
)
def test_others_are_refused_by_task_and_shapes(labels, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        check_targets(TASKS, labels, SHAPE)


def test_masks_must_be_as_large_as_the_images():
    with pytest.raises(ValueError, match=r"'mask', Segmentation, .*\(8, 16, 12\).*targets of shape \(8, 8, 6\)"):
        check_targets({"mask": tasks.Segmentation(2)}, {"mask": np.zeros((8, 8, 6))}, SHAPE)
