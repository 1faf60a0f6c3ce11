import numpy as np
import pytest

from keras_ssl.data import digit_scenes


def arrays(*arguments, **settings):
    ((images, targets),) = digit_scenes(*arguments, targets="both", batch_size=64, **settings)
    return images.numpy(), *(targets[name].numpy() for name in ("boxes", "classes", "masks"))


def test_the_same_arguments_give_the_same_scenes():
    first, again, more = arrays(6, 1), arrays(6, 1), arrays(9, 1)
    for one, other, longer in zip(first, again, more, strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(one, longer[:6])
    assert (arrays(6, 2)[0] != first[0]).any()


def test_masks_lie_in_the_boxes_of_their_class():
    images, boxes, classes, masks = arrays(40)
    assert images.shape == (40, 96, 96, 3) and images.dtype == np.uint8 and images.std(axis=(1, 2, 3)).min() > 5
    assert set(np.unique(masks)) == set(range(11)) and set(np.unique(classes)) == set(range(-1, 10))
    assert (classes[:, 0] >= 0).all() and len(set((classes >= 0).sum(axis=1))) > 3
    np.testing.assert_array_equal(classes == -1, (boxes == -1).all(axis=-1))
    for corners, ids, mask in zip(boxes, classes, masks, strict=True):
        covered = np.zeros((11, 96, 96), bool)
        covered[10] = True
        for (top, left, bottom, right), digit in zip((corners * 96).round().astype(int), ids, strict=True):
            if digit >= 0:
                assert 0 <= top < bottom <= 96 and 0 <= left < right <= 96
                covered[digit, top:bottom, left:right] = True
                assert (mask[top:bottom, left:right] == digit).mean() > 0.1
        assert np.take_along_axis(covered, mask[None].astype(int), 0).all()


def test_boxes_and_masks_by_themselves():
    boxes, masks = (
        digit_scenes(4, targets=targets, image_size=(48, 64), sizes=(10, 20)) for targets in ("boxes", "masks")
    )
    assert len(boxes.class_names) == 10 and len(masks.class_names) == 11
    assert set(boxes.element_spec[1]) == {"boxes", "classes"} and masks.element_spec[1].shape[1:] == (48, 64)


@pytest.mark.parametrize("arguments", [{"n": 0}, {"seed": -1}, {"targets": "x"}, {"sizes": (4, 9)}, {"most": 0}])
def test_arguments_are_checked(arguments):
    with pytest.raises(ValueError, match=f"Received: {next(iter(arguments))}="):
        digit_scenes(**{"n": 2, **arguments})
