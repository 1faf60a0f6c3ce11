import warnings

import keras
import numpy as np
import pytest

import keras_ssl
from keras_ssl.callbacks import GANMonitor


@pytest.fixture
def model():
    model = keras_ssl.DCGAN((8, 8, 1), latent_dim=3, filters=(2, 4))
    model.compile()
    return model


class Game:
    """Stands for a model whose generated images are never looked at."""

    def generate(self, n, seed):
        raise AssertionError


def play(monitor, epochs):
    """Hands (real_accuracy, fake_accuracy) of each epoch to the monitor; gives what it warns of, by epoch."""
    monitor.set_model(Game())
    monitor.set_params({"epochs": len(epochs)})
    monitor.on_train_begin()
    warned = {}
    for epoch, (real, fake) in enumerate(epochs, start=1):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            monitor.on_epoch_end(epoch - 1, {"real_accuracy": real, "fake_accuracy": fake})
        if caught:
            (warned[epoch],) = (str(warning.message) for warning in caught)
    return warned


FAIR, LOST, FOOLED = (0.8, 0.7), (0.97, 0.99), (0.5, 0.4)


def test_draws_a_grid_each_few_epochs_and_after_the_last(model, tmp_path, rng):
    images = rng.integers(0, 256, (8, 8, 8, 1), "uint8")
    model.fit(images, epochs=5, callbacks=[GANMonitor(tmp_path / "new", every=2, images=3)], verbose=0)
    names = ["epoch-0002.png", "epoch-0004.png", "epoch-0005.png"]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == names
    assert all((tmp_path / "new" / name).read_bytes().startswith(b"\x89PNG") for name in names)


def test_all_grids_show_the_same_latents(model, tmp_path, rng, monkeypatch):
    asked = []
    monkeypatch.setattr(model, "generate", lambda n, seed: asked.append((n, seed)) or np.zeros((n, 8, 8, 1)))
    images = rng.integers(0, 256, (8, 8, 8, 1), "uint8")
    model.fit(images, epochs=2, callbacks=[GANMonitor(tmp_path, images=5, seed=7)], verbose=0)
    assert asked == [(5, 7)] * 2


def test_training_is_the_same_with_and_without(tmp_path, rng):
    def trained(callbacks):
        keras.utils.set_random_seed(3)
        model = keras_ssl.DCGAN((8, 8, 1), latent_dim=3, filters=(2, 4))
        model.compile()
        model.fit(images, epochs=2, callbacks=callbacks, verbose=0)
        return model.get_weights()

    images = rng.integers(0, 256, (8, 8, 8, 1), "uint8")
    for plain, monitored in zip(trained([]), trained([GANMonitor(tmp_path)]), strict=True):
        np.testing.assert_array_equal(plain, monitored)


def test_warns_once_when_one_side_has_won_long_enough():
    warned = play(GANMonitor(patience=3), [FAIR, LOST, LOST, LOST, LOST, LOST])
    assert list(warned) == [4]
    assert "discriminator has won for 3 epochs, up to epoch 4" in warned[4]
    assert "97% of real and 99% of generated" in warned[4] and "label_smoothing" in warned[4]


def test_each_side_is_counted_on_its_own_and_anew():
    warned = play(GANMonitor(patience=2), [LOST, FOOLED, FOOLED, FAIR, FOOLED, LOST, LOST, FAIR, LOST, LOST])
    assert {epoch: text.split()[1] for epoch, text in warned.items()} == {
        3: "generator",
        7: "discriminator",
        10: "discriminator",
    }


@pytest.mark.parametrize(
    "epochs", [[FOOLED] * 5, [FAIR] * 5, [(1.0, 0.9)] * 5, [(0.9, 0.3)] * 5, [(float("nan"),) * 2] * 5]
)
def test_a_game_that_goes_on_or_has_not_begun_is_left_alone(epochs):
    assert play(GANMonitor(patience=2), epochs) == {}


@pytest.mark.parametrize("argument", [{"every": 0}, {"images": 0}, {"patience": 0}])
def test_numbers_are_positive(argument):
    with pytest.raises(ValueError, match=f"Received: .*{next(iter(argument))}=0"):
        GANMonitor(**argument)


def test_a_model_that_does_not_generate_is_refused(rng):
    model = keras_ssl.SimCLR(keras_ssl.backbones.small_cnn((8, 8, 1), filters=(4,)))
    model.compile("sgd")
    with pytest.raises(ValueError, match=r"model\.generate"):
        model.fit(rng.integers(0, 256, (8, 8, 8, 1), "uint8"), callbacks=[GANMonitor()], verbose=0)
