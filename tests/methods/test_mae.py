import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import MAE, augment
from keras_ssl.backbones import small_cnn, vit
from keras_ssl.layers.transformer import sincos_positions, to_patches

DECODER = {"decoder_width": 16, "decoder_depth": 1, "decoder_heads": 2}


def build(shape=(8, 8, 1), pooling="mean", augmenter=None, **arguments):
    encoder = vit(shape, patch_size=2, width=16, depth=1, heads=2, pooling=pooling)
    return MAE(encoder, augmenter, **{**DECODER, **arguments})


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (6, 8, 8, 1), dtype="uint8")


def masked_patches(model, images, seed=0):
    """(n, patches), True where `mask_images` turned a patch gray."""
    return np.all(to_patches(model.mask_images(images, seed), 2).numpy() == 127.5, axis=-1)


@pytest.mark.parametrize("ratio, masked", [(0.75, 12), (0.5, 8), (0.9, 14), (0.04, 1)])
def test_masks_the_ratios_share_of_random_patches(images, ratio, masked):
    model = build(mask_ratio=ratio)
    mask = masked_patches(model, images)
    assert (mask.sum(axis=1) == masked).all() and model.masked_patches == masked
    assert len({row.tobytes() for row in mask}) > 1 and (mask != masked_patches(model, images, seed=1)).any()
    np.testing.assert_array_equal(mask, masked_patches(model, images))


def test_every_patch_is_masked_as_often(images):
    model = build()
    masks = [masked_patches(model, np.repeat(images, 40, axis=0), seed) for seed in range(2)]
    assert np.abs(np.concatenate(masks).mean(axis=0) - 0.75).max() < 0.08  # four deviations of 480 draws


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_it_is_the_papers_algorithm(images, pooling):
    """Shuffle, encode, append mask tokens, unshuffle, add positions, decode, weight by the mask."""
    model = build(pooling=pooling)
    views = images.astype("float32")
    noise = model.draws(training=False).uniform(6, 16).numpy()
    shuffle = np.argsort(noise, axis=1)
    restore = np.argsort(shuffle, axis=1)
    pixels = views / 127.5 - 1
    tokens = model.encoder.get_layer("patch_tokens")(pixels).numpy()
    encoded = model.encoder.get_layer("transformer")(np.take_along_axis(tokens, shuffle[:, :4, None], axis=1))
    x = model.decoder_embedding(encoded).numpy()
    class_token, x = np.split(x, [x.shape[1] - 4], axis=1)
    x = np.concatenate([x, np.tile(model.mask_token.numpy(), (6, 12, 1))], axis=1)
    x = np.take_along_axis(x, restore[:, :, None], axis=1) + sincos_positions(4, 4, 16)
    x = model.pixel_head(model.decoder(np.concatenate([class_token, x], axis=1))).numpy()[:, -16:]
    targets = to_patches(pixels, 2).numpy()
    targets = (targets - targets.mean(-1, keepdims=True)) / np.sqrt(targets.var(-1, keepdims=True, ddof=1) + 1e-6)
    mask = restore >= 4
    expected = (((x - targets) ** 2).mean(-1) * mask).sum() / mask.sum()
    np.testing.assert_allclose(model.forward(views, training=False)[0], expected, rtol=1e-4)
    np.testing.assert_array_equal(masked_patches(model, images), mask)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_every_weight_gets_a_gradient(images, pooling):
    model = build(pooling=pooling)
    with tf.GradientTape() as tape:
        loss, _ = model.forward(images.astype("float32"), training=True)
    gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    assert all(gradient is not None for gradient in gradients)


def test_the_encoder_sees_the_visible_patches_alone(images, rng):
    model = build(normalize_targets=False)
    hidden = model.mask_images(images) == 127.5
    changed = np.where(hidden, rng.integers(0, 256, images.shape), images).astype("uint8")
    first, second = model.reconstruct(images), model.reconstruct(changed)
    np.testing.assert_allclose(first[hidden], second[hidden], atol=1e-3)
    assert first[hidden].std() > 0


@pytest.mark.parametrize("normalize", [True, False])
def test_a_reconstruction_keeps_what_is_visible_and_predicts_the_rest(images, normalize):
    model = build(normalize_targets=normalize)
    filled = model.reconstruct(images, seed=3)
    mask = masked_patches(model, images, seed=3)
    assert filled.shape == images.shape and filled.dtype == np.float32
    assert filled.min() >= 0 and filled.max() <= 255
    patches, truth = (to_patches(x, 2).numpy() for x in (filled, images.astype("float32")))
    np.testing.assert_allclose(patches[~mask], truth[~mask], atol=1e-3)
    assert np.abs(patches[mask] - truth[mask]).min(axis=-1).max() > 1


def test_a_perfect_prediction_of_normalised_pixels_gives_the_image_back(images):
    model = build()
    patches = to_patches(images / np.float32(127.5) - 1, 2).numpy()
    deviation = np.sqrt(patches.var(axis=-1, keepdims=True, ddof=1) + 1e-6)
    normalized = (patches - patches.mean(axis=-1, keepdims=True)) / deviation

    model._decode = lambda encoded, visible, masked, training: tf.gather(normalized, masked, batch_dims=1)
    np.testing.assert_allclose(model.reconstruct(images), images, atol=0.01)


def test_it_learns_to_fill_in(rng):
    """Stripes, of which any visible patch tells all others: the error falls far below that of predicting the mean."""
    rows = rng.integers(0, 2, (64, 1, 1, 1)) * 255
    stripes = np.where(np.arange(8).reshape(1, 8, 1, 1) % 2 == 0, rows, 255 - rows) + np.zeros((64, 8, 8, 1))
    model = build(normalize_targets=False)
    model.compile(keras.optimizers.Adam(1e-2))
    model.fit(stripes.astype("uint8"), batch_size=64, epochs=40, verbose=0)
    assert np.abs(model.reconstruct(stripes[:8]) - stripes[:8]).mean() < 25


def test_an_augmenter_crops_what_is_learned_from(images):
    model = build(augmenter=augment.crops(8))
    model.compile("adam")
    assert np.isfinite(model.fit(images, verbose=0).history["loss"]).all()


def test_color_images_and_patches_in_a_rectangle(rng):
    model = build((4, 12, 3))
    images = rng.integers(0, 256, (3, 4, 12, 3), dtype="uint8")
    assert model.reconstruct(images).shape == (3, 4, 12, 3)
    assert np.isfinite(model.forward(images.astype("float32"), training=False)[0])


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"mask_ratio": 0.0}, "must be above 0 and below 1. Received: mask_ratio=0.0"),
        ({"mask_ratio": 1.0}, "must be above 0 and below 1. Received: mask_ratio=1.0"),
        ({"mask_ratio": 0.99}, "Of 16 patches in an image, this ratio masks 16.*Received: mask_ratio=0.99"),
        ({"mask_ratio": 0.01}, "Of 16 patches in an image, this ratio masks 0.*Received: mask_ratio=0.01"),
        ({"decoder_width": 18}, "multiple of 4. Received: width=18"),
        ({"decoder_heads": 3}, "heads must divide the width. Received: heads=3, width=16"),
        ({"decoder_depth": 0}, "depth must be a positive integer"),
    ],
)
def test_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        build(**arguments)


def test_refuses_an_encoder_that_is_no_vit():
    with pytest.raises(
        ValueError, match=r"(?s)keras_ssl.backbones.vit.*SimMIM.*Received: encoder=.*no layers patch_tokens"
    ):
        MAE(small_cnn((8, 8, 1), filters=(4,)))


def test_refuses_to_standardise_single_numbers():
    encoder = vit((4, 4, 1), patch_size=1, width=8, depth=1, heads=2)
    with pytest.raises(ValueError, match="one number.*Received: patch_size=1"):
        MAE(encoder, **DECODER)
    assert MAE(encoder, **DECODER, normalize_targets=False).masked_patches == 12


@pytest.mark.parametrize("show", [MAE.reconstruct, MAE.mask_images])
def test_shows_images_of_the_encoders_shape_only(show):
    with pytest.raises(ValueError, match="no images"):
        show(build(), np.zeros((0, 8, 8, 1)))
    with pytest.raises(ValueError, match="1 channels"):
        show(build(), np.zeros((2, 8, 8, 3)))
