import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.losses import masked_pixel_error


@pytest.fixture
def batch(rng):
    """Predictions, images, and a mask with as many pixels in each image."""
    predictions, images = rng.normal(size=(2, 3, 4, 4, 2)).astype("float32")
    mask = np.stack([rng.permutation(16) < 6 for _ in range(3)]).reshape(3, 4, 4, 1)
    return predictions, images, mask


def reference(predictions, images, mask):
    """Equation 1 of the paper: the mean over the masked elements, one by one."""
    return np.mean(
        [
            abs(float(predictions[index]) - float(images[index]))
            for index in np.ndindex(images.shape)
            if mask[*index[:3], 0]
        ]
    )


def test_equals_the_equation(batch):
    loss = masked_pixel_error(*batch)
    assert loss.dtype == tf.float32 and loss.shape == ()
    np.testing.assert_allclose(loss, reference(*batch), rtol=1e-5)
    np.testing.assert_allclose(masked_pixel_error(*batch[:2], batch[2].astype("float32")), loss)
    np.testing.assert_allclose(tf.function(masked_pixel_error, jit_compile=True)(*batch), loss, rtol=1e-5)


def test_gradient_is_a_sign_in_the_mask_and_zero_outside(batch):
    predictions, images, mask = batch
    variable = tf.constant(predictions)
    with tf.GradientTape() as tape:
        tape.watch(variable)
        loss = masked_pixel_error(variable, images, mask)
    expected = mask * np.sign(predictions - images) / (3 * 6 * 2)
    np.testing.assert_allclose(tape.gradient(loss, variable), expected, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_computes_in_float32_whatever_comes_in(batch, dtype):
    predictions, images = (tf.cast(values, dtype) for values in batch[:2])
    loss = masked_pixel_error(predictions, images, batch[2])
    assert loss.dtype == tf.float32
    exact = (tf.cast(values, "float64").numpy() for values in (predictions, images))
    np.testing.assert_allclose(loss, reference(*exact, batch[2]), rtol=1e-5)
