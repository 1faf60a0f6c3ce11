import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.losses import masked_patch_error, patch_statistics


@pytest.fixture
def batch(rng):
    """Predictions of the masked patches, all patches, and which are masked."""
    masked = np.stack([rng.permutation(7)[:4] for _ in range(3)])
    predictions, patches = rng.normal(size=(3, 4, 5)), rng.normal(size=(3, 7, 5))
    return predictions.astype("float32"), patches.astype("float32"), masked


def reference(predictions, patches, masked, normalize):
    """The official code's forward_loss: an error for each patch, weighted by a mask of zeros and ones."""
    targets = patches.astype("float64")
    if normalize:
        variance = targets.var(axis=-1, keepdims=True, ddof=1)
        targets = (targets - targets.mean(axis=-1, keepdims=True)) / (variance + 1e-6) ** 0.5
    everywhere, mask = np.zeros_like(targets), np.zeros(targets.shape[:2])
    for image, indices in enumerate(masked):
        for position, index in enumerate(indices):
            everywhere[image, index] = predictions[image, position]
            mask[image, index] = 1
    loss = ((everywhere - targets) ** 2).mean(axis=-1)
    return (loss * mask).sum() / mask.sum()


@pytest.mark.parametrize("normalize", [True, False])
def test_equals_the_official_code(batch, normalize):
    loss = masked_patch_error(*batch, normalize=normalize)
    assert loss.dtype == tf.float32 and loss.shape == ()
    np.testing.assert_allclose(loss, reference(*batch, normalize), rtol=1e-5)
    np.testing.assert_allclose(
        tf.function(masked_patch_error, jit_compile=True)(*map(tf.constant, batch), normalize=normalize),
        loss,
        rtol=1e-5,
    )


@pytest.mark.parametrize("normalize", [True, False])
def test_gradient_equals_finite_differences(batch, normalize):
    predictions, patches, masked = batch
    variable = tf.constant(predictions)
    with tf.GradientTape() as tape:
        tape.watch(variable)
        loss = masked_patch_error(variable, patches, masked, normalize)
    gradient = tape.gradient(loss, variable).numpy()
    for index in np.ndindex(predictions.shape):
        nudge = np.zeros(predictions.shape)
        nudge[index] = 1e-6
        slope = (
            reference(predictions + nudge, patches, masked, normalize)
            - reference(predictions - nudge, patches, masked, normalize)
        ) / 2e-6
        np.testing.assert_allclose(gradient[index], slope, atol=1e-5)


def test_visible_patches_do_not_count(batch, rng):
    predictions, patches, masked = batch
    changed = patches.copy()
    for image, indices in enumerate(masked):
        visible = np.setdiff1d(np.arange(7), indices)
        changed[image, visible] = rng.normal(size=(3, 5))
    np.testing.assert_array_equal(
        masked_patch_error(predictions, changed, masked), masked_patch_error(predictions, patches, masked)
    )


def test_closed_forms(batch):
    _, patches, masked = batch
    hidden = tf.gather(patches, masked, batch_dims=1)
    assert masked_patch_error(hidden, patches, masked, normalize=False) == 0
    mean, deviation = patch_statistics(hidden)
    np.testing.assert_allclose(masked_patch_error((hidden - mean) / deviation, patches, masked), 0, atol=1e-12)
    # Nothing predicted of standardized pixels: their variance, of which N - 1 in the denominator leaves (N - 1) / N.
    np.testing.assert_allclose(masked_patch_error(tf.zeros_like(hidden), patches, masked), 4 / 5, rtol=1e-4)


def test_normalised_targets_ignore_brightness_and_contrast(batch):
    predictions, patches, masked = batch
    np.testing.assert_allclose(
        masked_patch_error(predictions, 3 * patches + 2, masked),
        masked_patch_error(predictions, patches, masked),
        rtol=1e-5,
    )


def test_flat_patches_are_zero_and_have_finite_gradients(batch):
    predictions, patches, masked = batch
    variable = tf.constant(predictions)
    with tf.GradientTape() as tape:
        tape.watch(variable)
        loss = masked_patch_error(variable, np.ones_like(patches), masked)
    np.testing.assert_allclose(loss, np.square(predictions).mean(), rtol=1e-5)
    assert np.all(np.isfinite(tape.gradient(loss, variable)))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_computes_in_float32_whatever_comes_in(batch, dtype):
    predictions, patches, masked = batch
    predictions, patches = tf.cast(predictions, dtype), tf.cast(patches, dtype)
    loss = masked_patch_error(predictions, patches, masked)
    assert loss.dtype == tf.float32
    exact = (tf.cast(values, "float64").numpy() for values in (predictions, patches))
    np.testing.assert_allclose(loss, reference(*exact, masked, True), rtol=1e-5)
