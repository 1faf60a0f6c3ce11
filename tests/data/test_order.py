import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.data import from_arrays, set_epoch
from keras_ssl.data.order import epoch_order


def numbered(count):
    """Images of one pixel, whose value is their number."""
    return np.arange(count, dtype=np.uint8).reshape(count, 1, 1, 1)


def one_epoch(dataset):
    return np.concatenate([images[:, 0, 0, 0] for images in dataset]).tolist()


def test_each_epoch_is_a_permutation_of_its_own():
    dataset = from_arrays(numbered(50), batch_size=10)
    epochs = [one_epoch(dataset) for _ in range(3)]
    assert all(sorted(epoch) == list(range(50)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]


def test_the_order_is_a_function_of_seed_and_epoch():
    """Whatever was iterated before, and whatever the global seed is."""
    used = from_arrays(numbered(50), batch_size=10, seed=3)
    epochs = [one_epoch(used) for _ in range(3)]
    keras.utils.set_random_seed(123)
    fresh = from_arrays(numbered(50), batch_size=10, seed=3)
    for epoch in (2, 0, 1):
        set_epoch(fresh, epoch)
        assert one_epoch(fresh) == epochs[epoch]
    other_seed = from_arrays(numbered(50), batch_size=10, seed=4)
    assert one_epoch(other_seed) != epochs[0]


def test_a_broken_off_epoch_counts():
    dataset = from_arrays(numbered(50), batch_size=10)
    next(iter(dataset))
    assert int(dataset.epoch) == 1


def test_the_order_is_pinned_across_versions():
    """A run is replayed by another version of this package, too."""
    assert epoch_order(6, True, tf.constant([0, 0], tf.int64)).numpy().tolist() == [2, 5, 4, 3, 0, 1]


@pytest.mark.parametrize(
    "derive",
    [
        lambda data: data.map(lambda images: images),
        lambda data: data.repeat(),
        lambda data: data.repeat(2).map(tf.identity).prefetch(2),
        lambda data: tf.data.Dataset.zip(data, data).map(lambda images, _: images),
    ],
    ids=["map", "repeat", "repeat-map-prefetch", "zip"],
)
def test_what_is_derived_from_a_data_set_has_its_epochs(derive):
    def epochs(*numbers):
        dataset = derive(from_arrays(numbered(20), batch_size=10, seed=3))
        orders = []
        for number in numbers:
            set_epoch(dataset, number)
            orders.append(one_epoch(dataset.take(4)))
        return orders

    first, second, again = epochs(0, 1, 0)
    assert first == again != second
    assert epochs(1) == [second]


def test_no_pass_of_a_repeated_data_set_comes_again_in_another_epoch():
    dataset = from_arrays(numbered(20), batch_size=10).repeat()
    passes = set()
    for number in range(3):
        set_epoch(dataset, number)
        order = one_epoch(dataset.take(4))
        passes |= {tuple(order[:20]), tuple(order[20:])}
    assert len(passes) == 6


def test_foreign_data_sets_are_left_alone():
    set_epoch(tf.data.Dataset.range(3), 5)
    set_epoch(np.zeros(3), 5)


def test_a_data_set_made_under_a_strategy_works_like_any_other(two_replicas):
    expected = one_epoch(from_arrays(numbered(20), batch_size=10))
    with two_replicas.scope():
        dataset = from_arrays(numbered(20), batch_size=10)
    assert one_epoch(dataset) == expected


def test_a_distributed_data_set_shares_out_the_same_batches(two_replicas):
    dataset = from_arrays(numbered(20), batch_size=10)
    expected = [one_epoch(dataset) for _ in range(2)]
    set_epoch(dataset, 0)
    distributed = two_replicas.experimental_distribute_dataset(dataset)
    for epoch in expected:
        parts = [part for batch in distributed for part in two_replicas.experimental_local_results(batch)]
        assert [len(part) for part in parts] == [5] * 4
        assert one_epoch(parts) == epoch


def test_fit_knows_the_length_and_starts_each_epoch_anew():
    seen = []

    class Recorder(keras.Model):
        def train_step(self, images):
            tf.py_function(lambda x: seen.append(x.numpy().ravel().tolist()), [images], [])
            return {"loss": 0.0}

    model = Recorder()
    model.compile(run_eagerly=True)
    dataset = from_arrays(numbered(20), batch_size=10)
    assert len(dataset) == 2
    model.fit(dataset, epochs=2, verbose=0)
    assert len(seen) == 4
    assert sorted(seen[0] + seen[1]) == sorted(seen[2] + seen[3]) == list(range(20))
    assert seen[:2] != seen[2:]


@pytest.mark.parametrize("seed", [1.5, None, True])
def test_the_seed_must_be_an_integer(seed):
    with pytest.raises(ValueError, match=f"seed={seed}"):
        from_arrays(numbered(4), seed=seed)
