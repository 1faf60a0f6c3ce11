import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.data import from_arrays


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (10, 4, 3, 3), dtype=np.uint8)


def test_images_alone_are_for_training(images):
    dataset = from_arrays(images, batch_size=4)
    assert dataset.element_spec == tf.TensorSpec((4, 4, 3, 3), tf.uint8)
    assert len(dataset) == len(list(dataset)) == 2


def test_images_with_labels_keep_their_order(images):
    dataset = from_arrays(images, np.arange(10), batch_size=4)
    assert len(dataset) == 3
    batches = list(dataset)
    np.testing.assert_array_equal(np.concatenate([x for x, _ in batches]), images)
    np.testing.assert_array_equal(np.concatenate([y for _, y in batches]), np.arange(10))
    assert batches[0][1].dtype == tf.int32


def test_labels_stay_with_their_images_when_shuffled(images):
    images[:, 0, 0, 0] = np.arange(10)
    dataset = from_arrays(images, np.arange(10), batch_size=5, shuffle=True)
    for x, y in dataset:
        np.testing.assert_array_equal(x[:, 0, 0, 0], y)


def test_labels_of_several_kinds_stay_with_their_images(images):
    images[:, 0, 0, 0] = np.arange(10)
    labels = {"kind": np.arange(10), "place": np.arange(20.0).reshape(10, 2)}
    dataset = from_arrays(images, labels, batch_size=5, shuffle=True)
    seen = []
    for x, y in dataset:
        np.testing.assert_array_equal(x[:, 0, 0, 0], y["kind"])
        np.testing.assert_array_equal(y["place"], labels["place"][y["kind"]])
        assert y["kind"].dtype == tf.int32 and y["place"].dtype == tf.float32
        seen.extend(y["kind"].numpy())
    assert sorted(seen) == list(range(10))


def test_less_than_one_batch_is_one_batch(images):
    assert [len(batch) for batch in from_arrays(images, batch_size=256)] == [10]


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("uint8", "uint8"),
        ("int64", "uint8"),
        ("uint16", "uint8"),
        ("bool", "uint8"),
        ("float16", "float32"),
        ("float32", "float32"),
        ("float64", "float32"),
        ("bfloat16", "float32"),
    ],
)
def test_dtypes(dtype, expected):
    x = tf.cast(tf.ones((4, 2, 2, 1)), dtype)
    for given in (x, x.numpy()):
        (batch,) = from_arrays(given, batch_size=4)
        assert batch.dtype == expected
        np.testing.assert_array_equal(batch, np.ones((4, 2, 2, 1)))


def test_keras_tensors_and_lists_are_arrays(images):
    for given in (keras.ops.convert_to_tensor(images), images.tolist()):
        np.testing.assert_array_equal(next(iter(from_arrays(given, shuffle=False))), images)


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (np.zeros((5, 4, 4), "uint8"), None, ValueError, r"x\[..., None\]"),
        (np.zeros((5, 16), "uint8"), None, ValueError, r"x.shape=\(5, 16\)"),
        (np.zeros((0, 4, 4, 3), "uint8"), None, ValueError, r"x.shape=\(0, 4, 4, 3\)"),
        (np.full((5, 4, 4, 1), 60_000, "uint16"), None, ValueError, "value_range.*60000"),
        (np.full((5, 4, 4, 1), -1), None, ValueError, "from -1 to -1"),
        (np.full((5, 4, 4, 1), "a"), None, TypeError, "hold numbers"),
        (tf.data.Dataset.range(3), None, TypeError, "data set already"),
        (np.zeros((5, 4, 4, 1), "uint8"), np.zeros(4), ValueError, r"y.shape=\(4,\)"),
        (np.zeros((5, 4, 4, 1), "uint8"), {"kind": np.zeros(4)}, ValueError, r"y\['kind'\].shape=\(4,\)"),
        (np.zeros((5, 4, 4, 1), "uint8"), 3, ValueError, r"y.shape=\(\)"),
        (np.zeros((5, 4, 4, 1), "uint8"), ["a"] * 5, TypeError, "`y` must hold numbers"),
    ],
)
def test_what_is_wrong_is_said(x, y, error, message):
    with pytest.raises(error, match=message):
        from_arrays(x, y)


def test_a_value_range_is_scaled(rng):
    deep = rng.integers(0, 4096, (10, 4, 3, 1), dtype=np.uint16)
    (batch,) = from_arrays(deep, shuffle=False, value_range=(0, 4095))
    assert batch.dtype == tf.uint8
    np.testing.assert_array_equal(batch, np.round(deep / 4095 * 255))
    units = rng.uniform(-1000, 3000, (10, 4, 3, 1))
    (batch,) = from_arrays(units, shuffle=False, value_range=(-1000, 3000))
    assert batch.dtype == tf.float32
    np.testing.assert_allclose(batch, (units + 1000) / 4000 * 255, rtol=1e-5)
