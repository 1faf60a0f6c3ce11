import keras
import numpy as np
import pytest

from keras_ssl import Inpainting, plots
from keras_ssl.backbones import conv_encoder, resnet18, small_cnn, vit
from keras_ssl.heads import mirror


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (6, 8, 8, 1), dtype="uint8")


def test_the_loss_is_the_error_in_the_block_and_nowhere_else(encoder, images):
    model = Inpainting(encoder)
    masked = model.mask_images(images)
    hidden = masked == 127.5
    assert (hidden.sum(axis=(1, 2, 3)) == 16).all() and len({row.tobytes() for row in hidden}) > 1
    rebuilt = np.asarray(model.decoder(encoder(masked)))
    loss, _ = model.forward(images.astype("float32"), training=False)
    np.testing.assert_allclose(loss, np.abs(rebuilt - images / 255)[hidden].mean(), rtol=1e-4)
    expected = np.where(hidden, np.clip(255 * rebuilt, 0, 255), images)
    np.testing.assert_allclose(model.reconstruct(images), expected, atol=0.01)


def test_the_block_is_not_seen(encoder, images, rng):
    model = Inpainting(encoder)
    hidden = model.mask_images(images) == 127.5
    changed = np.where(hidden, rng.integers(0, 256, images.shape), images).astype("uint8")
    np.testing.assert_array_equal(model.reconstruct(images)[hidden], model.reconstruct(changed)[hidden])


def test_a_central_block_stays_in_the_middle(encoder, images):
    hidden = Inpainting(encoder, central=True, block_share=0.25).mask_images(images, seed=3) == 127.5
    assert hidden[:, 3:5, 3:5].all() and hidden.sum() == 6 * 4


def test_it_learns_to_go_on_with_a_pattern(rng):
    stripes = np.array([40, 40, 200, 200] * 2)
    kinds = np.stack([np.broadcast_to(stripes, (8, 8)), np.broadcast_to(stripes[:, None], (8, 8))])
    images = np.clip(np.tile(kinds, (32, 1, 1))[..., None] + rng.normal(0, 5, (64, 8, 8, 1)), 0, 255)
    model = Inpainting(conv_encoder((8, 8, 1), (8, 8), units=8))
    model.compile(keras.optimizers.Adam(0.01))
    history = model.fit(images, batch_size=16, epochs=25, verbose=0).history["loss"]
    assert history[-1] < 0.25 * history[0]
    assert np.abs(model.reconstruct(images) - images).mean() < 10


def test_resnets_have_a_decoder_and_the_plot_shows_three_columns(rng):
    model = Inpainting(resnet18((16, 16, 3), width=2))
    assert model.decoder.output_shape == (None, 16, 16, 3)
    figure = plots.masked_reconstructions(model, rng.integers(0, 256, (2, 16, 16, 3), dtype="uint8"))
    assert [axis.get_title() for axis in figure.axes[:3]] == ["masked", "prediction", "image"]


@pytest.mark.parametrize(
    "build, message",
    [
        (lambda: Inpainting(small_cnn((8, 8, 1), (4, 8)), block_share=1.0), "below 1.*Received: block_share=1.0"),
        (lambda: Inpainting(small_cnn((8, 8, 1), (4, 8)), block_share=0.01), "0 x 0. Received: block_share=0.01"),
        (lambda: Inpainting(vit((8, 8, 1), 4, width=8, depth=1, heads=2)), "Give decoder=.*Received: encoder="),
        (
            lambda: Inpainting(small_cnn((8, 8, 1), (4, 8)), mirror(small_cnn((8, 8, 3), (4, 8)))),
            r"images of \(None, 8, 8, 1\).*Received: decoder.output_shape=\(None, 8, 8, 3\)",
        ),
    ],
    ids=["all", "nothing", "vit", "decoder"],
)
def test_says_what_does_not_fit(build, message):
    with pytest.raises(ValueError, match=message):
        build()
