import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import Jigsaw
from keras_ssl.backbones import conv_encoder, mlp, resnet18, small_cnn, vit
from keras_ssl.heads import projection_head
from keras_ssl.tasks import jigsaw_puzzle


def build(shape=(12, 12, 1), **arguments):
    return Jigsaw(small_cnn(shape, filters=(4, 8)), **{"grid": 2, "permutations": 6, **arguments})


@pytest.fixture
def images(rng):
    return rng.uniform(0, 255, (10, 12, 12, 1)).astype("float32")


def test_the_loss_is_the_cross_entropy_of_the_permutations(images):
    model = build()
    tiles, labels = model.puzzle(images, model.draws(training=False))
    features = np.stack([model.tile_encoder(tiles[:, place]) for place in range(4)], axis=1)
    logits = np.asarray(model.head(features.reshape(10, -1)))
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    loss, logs = model.forward(images, training=False)
    np.testing.assert_allclose(loss, -np.log(chances[np.arange(10), labels]).mean(), rtol=1e-4)
    np.testing.assert_allclose(logs["permutation_accuracy"], np.mean(logits.argmax(axis=1) == labels), rtol=1e-6)


def test_the_encoder_is_trained_on_tiles_and_works_on_images(images):
    model = build()
    assert model.tile_encoder.input_shape == (None, *model.puzzle.tile_size, 1)
    with tf.GradientTape() as tape:
        loss, _ = model.forward(images, training=True)
    gradients = tape.gradient(loss, [weight.value for weight in model.encoder.trainable_weights])
    assert all(gradient is not None for gradient in gradients)
    assert model.predict(images, verbose=0).shape == (10, 8)


def test_brightness_and_tint_of_the_image_tell_nothing(images):
    keras.utils.set_random_seed(0)
    model = build((12, 12, 3))
    images = np.repeat(images, 3, axis=-1)
    loss = model.forward(images, training=False)[0]
    tinted = model.forward(images * np.float32([0.9, 0.7, 0.8]) + 20, training=False)[0]
    np.testing.assert_allclose(tinted, loss, rtol=1e-2)


def test_it_learns_where_parts_belong(rng):
    """Faces of a kind: every quarter of the image has its own pattern."""
    quarters = rng.uniform(0, 255, (4, 6, 6))
    face = np.block([[quarters[0], quarters[1]], [quarters[2], quarters[3]]])[None, ..., None]
    images = np.clip(face + rng.normal(0, 20, (64, 12, 12, 1)), 0, 255).astype("uint8")
    model = build(permutations=6)
    model.compile(keras.optimizers.Adam(0.01))
    history = model.fit(images, batch_size=16, epochs=15, verbose=0).history["permutation_accuracy"]
    assert history[0] < history[-1] > 0.8


def test_it_shows_what_it_asks(images):
    model = build(tile_size=6)  # as large as a cell, so that the tiles make up the image
    asked = {name: np.delete(shown, 6, axis=1) for name, shown in model.questions(images).items()}
    asked = {name: np.delete(shown, 6, axis=2) for name, shown in asked.items()}
    _, labels = model.puzzle(images, model.draws(training=False))
    for row, image in enumerate(images):
        quarters = [asked["tiles"][row, top : top + 6, left : left + 6] for top in (0, 6) for left in (0, 6)]
        for quarter, (top, left) in zip(quarters, ((0, 0), (0, 6), (6, 0), (6, 6)), strict=True):
            assert np.corrcoef(quarter.ravel(), image[top : top + 6, left : left + 6].ravel())[0, 1] > 0.99
        order = model.puzzle.permutations[labels[row]]
        expected = np.block(
            [[[quarters[order[0]]], [quarters[order[1]]]], [[quarters[order[2]]], [quarters[order[3]]]]]
        )
        np.testing.assert_array_equal(asked["shuffled"][row], expected)


def test_the_permutations_are_kept_with_the_method(monkeypatch):
    model = build()
    config = model.get_config()
    monkeypatch.setattr(jigsaw_puzzle, "permutation_set", None)
    copy = Jigsaw.from_config(config)
    np.testing.assert_array_equal(copy.puzzle.permutations, model.puzzle.permutations)
    assert copy.puzzle.tile_size == model.puzzle.tile_size == (5, 5)


def test_the_papers_puzzle_on_the_sizes_of_the_recipes():
    for side, tile in ((32, 8), (144, 40)):
        model = Jigsaw(resnet18((side, side, 3), width=2))
        assert model.puzzle.tile_size == (tile, tile) and model.head.output_shape == (None, 100)
        assert model.tile_encoder.output_shape == model.encoder.output_shape


@pytest.mark.parametrize(
    "encoder",
    [
        lambda: mlp((12, 12, 1), (4,)),
        lambda: conv_encoder((12, 12, 1), (4,), units=4),
        lambda: vit((12, 12, 1), 4, width=8, depth=1, heads=2),  # whose patches of 4 do not divide tiles of 5
        lambda: small_cnn((12, 12, 1), (2, 2, 2, 2)),  # which halves tiles of 5 three times
    ],
    ids=["mlp", "flattens", "vit", "deep"],
)
def test_encoders_that_cannot_see_tiles_are_refused(encoder):
    with pytest.raises(ValueError, match=r"images of another size.*pool.*Received: image_size=\(5, 5\)"):
        Jigsaw(encoder(), 2, 6)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"grid": 1}, "Received: grid=1"),
        ({"grid": 5}, "2 x 2 pixels.*Received: grid=5"),
        ({"permutations": 25}, "24 permutations.*Received: permutations=25"),
        ({"head": projection_head(32, 8, 5)}, "head must give vectors of 6.*Received: head.output_shape=.None, 5"),
        ({"head": projection_head(8, 8, 6)}, "head takes vectors of 8 and is given vectors of 32"),
    ],
)
def test_says_what_does_not_fit(arguments, message):
    with pytest.raises(ValueError, match=message):
        build(**arguments)
