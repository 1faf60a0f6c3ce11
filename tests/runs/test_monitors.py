import numpy as np
import pytest

from keras_ssl.runs.monitors import knn_monitor


@pytest.mark.parametrize(
    "labels, scored",
    [
        ([-1] * 10, None),  # such as the unlabelled part of STL-10
        ([0] * 10, None),
        ([0, 1, 2, 1, 0, 1, 0, 1, 0, 1], [0, 1]),
        ([2, 1, 0, 1, 0, 1, 0, 1, 0, 1], [1]),  # the only image of its class has no neighbor
        ([-1, 0, 1, 1, 0, 1, 0, 1, 0, 1], [0, 1]),
    ],
)
def test_what_the_monitor_scores(labels, scored):
    """The first two of ten, a fifth, as far as the others can tell."""
    images = np.zeros((10, 8, 8, 1), "uint8")
    monitors = knn_monitor(images, np.array(labels))
    found = [np.concatenate([part for _, part in monitor._validation]).tolist() for monitor in monitors]
    assert found == ([] if scored is None else [scored])
