import keras
import numpy as np
import pytest

from keras_ssl.evaluate import Score, format_table
from keras_ssl.transfer import few_label
from keras_ssl.transfer.few_label import at_shares


@pytest.fixture
def encoder():
    inputs = keras.Input((4, 4, 1))
    return keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(inputs)))


@pytest.fixture
def labelled(rng):
    """Images that show their number, so that a draw can be read off them, of two classes of 80 and 20."""
    labels = rng.permutation(np.repeat([0, 1], [80, 20]))
    images = np.broadcast_to(np.arange(100)[:, None, None, None], (100, 4, 4, 1)).astype("uint8")
    return images, labels


class Recorder:
    """Stands for `fine_tune`, and remembers what it was to learn from."""

    def __init__(self):
        self.draws = []

    def __call__(self, encoder, train, test, **settings):
        images, labels = train
        self.draws.append(list(zip(images[:, 0, 0, 0].tolist(), labels.tolist(), strict=True)))
        return Score(
            "fine-tuning", len(images) / 100, "Words.", settings={"training_images": len(images), **settings}
        )


def draws(labelled, encoder, **kwargs):
    recorder = Recorder()
    scores = at_shares(
        recorder, labelled, labelled, encoder, **{"shares": (0.1, 0.5), "repeats": 2, "seed": 4, **kwargs}
    )
    return recorder.draws, scores


def test_each_class_gives_its_share_and_small_draws_are_in_large_ones(labelled, encoder):
    (one, two, five, six), _ = draws(labelled, encoder)
    for rows, counts in ((one, [8, 2]), (two, [8, 2]), (five, [40, 10]), (six, [40, 10])):
        numbers, labels = zip(*rows, strict=True)
        assert len(set(numbers)) == len(numbers) and np.bincount(labels).tolist() == counts
        assert labels == tuple(labelled[1][list(numbers)])
    assert set(one) < set(five) and set(two) < set(six) and set(one) != set(two)


def test_draws_depend_on_the_seed_alone(labelled, encoder):
    assert draws(labelled, encoder)[0] == draws(labelled, encoder)[0]
    assert draws(labelled, encoder)[0] != draws(labelled, encoder, seed=5)[0]


def test_a_rare_class_has_one_image_at_least(labelled, encoder):
    (rows,), _ = draws(labelled, encoder, shares=(0.001,), repeats=1)
    assert sorted(label for _, label in rows) == [0, 1]


def test_scores_are_means_over_draws_with_a_name_of_their_own(labelled, encoder):
    _, scores = draws(labelled, encoder, learning_rate=0.5)
    score = scores[0.1]
    assert (score.name, score.accuracy, score.deviation) == ("10 % of labels", 0.1, 0.0)
    assert "10 in all; 2 draws" in score.protocol
    assert score.settings["share"] == 0.1 and score.settings["seed"] == 4 and score.settings["learning_rate"] == 0.5
    assert draws(labelled, encoder, repeats=1)[1][0.1].deviation is None


def test_stands_beside_the_same_network_from_scratch(rng, encoder):
    train = test = rng.integers(0, 256, (40, 4, 4, 1), "uint8"), np.arange(40) % 2
    rows = few_label(train, test, encoder, shares=(0.2,), epochs=1)
    assert list(rows) == ["fine-tuned", "from scratch"]
    assert format_table(rows).splitlines()[0] == "| features     | 20 % of labels |"
    tuned, scratch = (row[0.2].settings for row in rows.values())
    assert (tuned["head_first"], scratch["head_first"]) == (True, False)
    # No label to spare for choosing the head's penalty.
    assert tuned["C"] == 1.0 and tuned["training_images"] == scratch["training_images"] == 8


@pytest.mark.parametrize("arguments", [{"shares": ()}, {"shares": (0.0,)}, {"shares": (1.5,)}, {"repeats": 0}])
def test_impossible_shares_are_refused(labelled, encoder, arguments):
    with pytest.raises(ValueError, match=r"shares must lie in \(0, 1\].*Received"):
        few_label(labelled, labelled, encoder, **arguments)


def test_images_need_labels(labelled, encoder):
    with pytest.raises(ValueError, match="train images need labels"):
        few_label(labelled[0], labelled, encoder)
