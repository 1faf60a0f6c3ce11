import keras
import numpy as np
import pytest

from keras_ssl import Colorization, recipes
from keras_ssl.backbones import conv_encoder, resnet18, small_cnn, vit
from keras_ssl.heads import mirror

LUMA = np.array([0.299, 0.587, 0.114])


@pytest.fixture
def encoder():
    return small_cnn((8, 8, 3), filters=(4, 8))


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (6, 8, 8, 3), dtype="uint8")


def test_the_loss_is_the_squared_error_of_the_chroma(encoder, images):
    model = Colorization(encoder)
    luma = images @ LUMA
    predicted = np.asarray(model.decoder(encoder(np.repeat(luma[..., None], 3, axis=-1).astype("float32"))))
    blue, red = (images[..., 2] - luma) / 1.772, (images[..., 0] - luma) / 1.402
    chroma = np.stack([blue, red], axis=-1) / 127.5
    loss, logs = model.forward(images.astype("float32"), training=False)
    np.testing.assert_allclose(loss, np.mean((chroma - predicted) ** 2), rtol=1e-4)
    np.testing.assert_allclose(logs["gray_error"], np.mean(chroma**2), rtol=1e-4)


def test_the_colors_of_an_image_are_not_seen_and_its_brightness_stays(encoder, rng):
    gray = np.repeat(rng.uniform(100, 150, (4, 8, 8, 1)), 3, axis=-1)
    tint = rng.uniform(-60, 60, (4, 8, 8, 3))
    tinted = gray + tint - (tint @ LUMA)[..., None]
    model = Colorization(encoder)
    colored = model.reconstruct(tinted)
    np.testing.assert_allclose(colored, model.reconstruct(gray), atol=0.05)
    inside = np.all((colored > 0) & (colored < 255), axis=-1)
    assert inside.mean() > 0.3
    np.testing.assert_allclose((colored @ LUMA)[inside], gray[inside][:, 0], atol=0.1)
    assert np.ptp(colored, axis=-1).max() > 1 and colored.dtype == np.float32


def test_it_learns_what_is_red_and_what_is_blue(rng):
    stripes = np.tile(np.repeat([60, 140], 2), 2)
    across, down = np.broadcast_to(stripes[:, None], (8, 8)), np.broadcast_to(stripes, (8, 8))
    red, blue = (
        np.stack([luma + np.array(tint)[i] for i in range(3)], -1)
        for luma, tint in ((across, (70, -30, -30)), (down, (-10, -10, 70)))
    )
    images = np.stack([red, blue] * 32) + rng.normal(0, 5, (64, 8, 8, 1))
    model = Colorization(conv_encoder((8, 8, 3), (8, 8), units=8))
    model.compile(keras.optimizers.Adam(0.01))
    history = model.fit(np.clip(images, 0, 255), batch_size=16, epochs=25, verbose=0).history
    assert history["loss"][-1] < 0.2 * history["gray_error"][-1]
    colored = model.reconstruct(np.clip(images[:2], 0, 255)).mean((1, 2))
    assert colored[0].argmax() == 0 and colored[1].argmax() == 2


def test_resnets_have_a_decoder():
    model = Colorization(resnet18((16, 16, 3), width=2))
    assert model.decoder.output_shape == (None, 16, 16, 2)


@pytest.mark.parametrize(
    "build, message",
    [
        (lambda: Colorization(small_cnn((8, 8, 1), (4,))), r"RGB.*Received: images of shape \(8, 8, 1\)"),
        (lambda: Colorization(small_cnn((8, 8, 13), (4,))), "RGB.*Received"),
        (lambda: Colorization(vit((8, 8, 3), 4, width=8, depth=1, heads=2)), "Give decoder=.*Received: encoder="),
        (lambda: recipes.load("colorization", "digits").build((8, 8, 1), 1), "RGB"),
    ],
    ids=["gray", "satellite", "vit", "digits"],
)
def test_encoders_that_do_not_fit_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_a_decoder_must_make_two_channels(encoder):
    with pytest.raises(ValueError, match=r"images of \(None, 8, 8, 2\).*Received: decoder.output_shape=.*8, 8, 3"):
        Colorization(encoder, mirror(encoder))
