import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_ssl.augment import RandomResizedCrop


def torchvision_boxes(rng, count, height, width, scale, ratio):
    """The rule of torchvision's RandomResizedCrop, without its rounding to whole pixels."""
    boxes = []
    for _ in range(count):
        for _ in range(10):
            area = height * width * rng.uniform(*scale)
            aspect = np.exp(rng.uniform(*np.log(ratio)))
            w, h = np.sqrt(area * aspect), np.sqrt(area / aspect)
            if w <= width and h <= height:
                boxes.append((rng.uniform(0, height - h), rng.uniform(0, width - w), h, w))
                break
        else:
            w, h = width, height
            if width / height < ratio[0]:
                h = width / ratio[0]
            elif width / height > ratio[1]:
                w = height * ratio[1]
            boxes.append(((height - h) / 2, (width - w) / 2, h, w))
    return np.array(boxes)


def draw(layer, rng, count, height, width):
    uniform = tf.constant(rng.uniform(size=(count, layer.draws_per_image)), tf.float32)
    return {name: value.numpy() for name, value in layer.parameters(uniform, tf.zeros((1, height, width, 3))).items()}


@pytest.mark.parametrize(("height", "width"), [(32, 32), (40, 24), (20, 90)])
def test_boxes_are_distributed_as_in_torchvision(rng, height, width):
    layer = RandomResizedCrop(32)
    boxes = draw(layer, rng, 6000, height, width)["boxes"]
    expected = torchvision_boxes(rng, 6000, height, width, (0.08, 1.0), (3 / 4, 4 / 3))
    # Where none fits all boxes are the same, but for the last digit of a float32.
    boxes, expected = boxes.astype("float64").round(2), expected.round(2)
    for ours, theirs in zip(boxes.T, expected.T, strict=True):
        assert stats.ks_2samp(ours, theirs).statistic < 0.04
    for function in (lambda b: b[:, 2] * b[:, 3], lambda b: b[:, 3] / b[:, 2]):
        assert stats.ks_2samp(function(boxes), function(expected)).statistic < 0.04


def test_boxes_lie_inside_the_image_and_in_their_ranges(rng):
    layer = RandomResizedCrop(8, scale=(0.2, 0.5), ratio=(0.5, 2.0), flip_probability=0.25)
    parameters = draw(layer, rng, 5000, 30, 30)
    top, left, height, width = parameters["boxes"].T
    assert top.min() >= 0
    assert left.min() >= 0
    assert (top + height).max() <= 30 + 1e-4
    assert (left + width).max() <= 30 + 1e-4
    assert (height * width / 900).min() >= 0.2 - 1e-4
    assert (height * width / 900).max() <= 0.5 + 1e-4
    assert (width / height).min() >= 0.5 - 1e-4
    assert (width / height).max() <= 2 + 1e-4
    np.testing.assert_allclose(parameters["mirror"].mean(), 0.25, atol=0.03)


def test_where_no_box_fits_the_largest_centered_one_is_taken(rng):
    boxes = draw(RandomResizedCrop(8, scale=(1.0, 1.0), ratio=(1.0, 1.0)), rng, 5, 20, 30)["boxes"]
    np.testing.assert_allclose(boxes, [[0, 5, 20, 20]] * 5, rtol=1e-6)


def test_the_whole_image_unmirrored_is_the_image(images):
    layer = RandomResizedCrop((15, 20), scale=(1.0, 1.0), ratio=(4 / 3, 4 / 3), flip_probability=0.0)
    np.testing.assert_allclose(layer(images), images, atol=1e-2)


def test_any_channel_count():
    views = RandomResizedCrop((6, 5))(np.zeros((2, 12, 12, 13), "uint8"))
    assert views.shape == (2, 6, 5, 13)
    assert views.dtype == tf.float32


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"image_size": 0}, "positive"),
        ({"image_size": (8, -1)}, "positive"),
        ({"image_size": (8, 8, 3)}, r"two positive integers, \(height, width\)"),
        ({"image_size": 8, "scale": (1.0, 0.08)}, "scale.*low <= high"),
        ({"image_size": 8, "scale": (0.5, 1.5)}, "scale"),
        ({"image_size": 8, "scale": (0.0, 0.0)}, "area"),
        ({"image_size": 8, "ratio": (0.0, 1.0)}, "area"),
        ({"image_size": 8, "ratio": 0.75}, "pair"),
        ({"image_size": 8, "flip_probability": -0.1}, "between 0 and 1"),
        ({"image_size": 8, "flip_probability": "often"}, "between 0 and 1"),
    ],
)
def test_errors(arguments, words):
    with pytest.raises(ValueError, match=f"{words}.*Received"):
        RandomResizedCrop(**arguments)
