import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.data import load, resize_images


def test_digits_for_training():
    dataset = load("digits", batch_size=64)
    assert dataset.element_spec == tf.TensorSpec((64, 8, 8, 1), tf.uint8)
    assert len(dataset) == 1437 // 64
    assert dataset.class_names == list("0123456789")
    first, again = next(iter(dataset)), next(iter(load("digits", batch_size=64)))
    np.testing.assert_array_equal(first, again)


def test_digits_for_evaluation():
    dataset = load("digits", "test", batch_size=100, labels=True)
    assert [len(labels) for _, labels in dataset] == [100, 100, 100, 60]
    np.testing.assert_array_equal(
        np.concatenate([x for x, _ in dataset]), np.concatenate(list(load("digits", "test", batch_size=100)))
    )


def test_shuffle_is_for_training_alone():
    train = np.concatenate([x for x, _ in load("digits", labels=True)])
    assert not np.array_equal(next(iter(load("digits", batch_size=1437))), train)
    np.testing.assert_array_equal(next(iter(load("digits", batch_size=1437, shuffle=False))), train)


def test_digits_in_another_size():
    small, large = (next(iter(load("digits", "test", image_size=size))) for size in (None, (16, 12)))
    np.testing.assert_array_equal(large, resize_images(small, (16, 12)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "valid"}, r"\['test', 'train'\]"),
        ({"image_size": (0, 8)}, r"image_size=\(0, 8\)"),
        ({"image_size": 16, "resize": "zoom"}, "resize='zoom'"),
        ({"batch_size": 0}, "batch_size=0"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        load("digits", **arguments)
