import numpy as np
import pytest

from keras_ssl.heads import fcos_head


def test_a_new_head_finds_an_object_at_one_place_in_a_hundred(rng):
    logits, distances, centerness = fcos_head(8, classes=3, width=16)(rng.normal(size=(2, 6, 5, 8)))
    assert (logits.shape, distances.shape, centerness.shape) == ((2, 6, 5, 3), (2, 6, 5, 4), (2, 6, 5, 1))
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), 0.01, atol=0.005)
    np.testing.assert_allclose(distances, 0, atol=0.5)


def test_classes_and_boxes_have_towers_of_their_own():
    head = fcos_head(8, classes=3, width=16, depth=3)
    towers = [layer.name for layer in head.layers if layer.name.endswith("_conv")]
    assert sorted(towers) == [f"{tower}_{index}_conv" for tower in ("box", "class") for index in (1, 2, 3)]


@pytest.mark.parametrize("wrong", [{"width": 24}, {"width": 0}, {"depth": 0}, {"classes": 0}])
def test_sizes_are_checked(wrong):
    with pytest.raises(ValueError, match="Received: "):
        fcos_head(**{"input_dim": 8, "classes": 3, "width": 16} | wrong)
