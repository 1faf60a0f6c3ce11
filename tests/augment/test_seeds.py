import numpy as np
import tensorflow as tf

from keras_ssl.augment import RandomFlip
from keras_ssl.augment.seeds import Draws, current_draws, seed_scope


def test_the_same_seed_gives_the_same_numbers_under_xla_too():
    def draw(seed):
        draws = Draws(seed)
        return draws.uniform(5, 3), draws.uniform(5, 3)

    first, second = draw(tf.constant((1, 2)))
    for function in (draw, tf.function(draw), tf.function(draw, jit_compile=True)):
        again = function(tf.constant((1, 2)))
        np.testing.assert_array_equal(again[0], first)
        np.testing.assert_array_equal(again[1], second)


def test_seeds_questions_and_rows_differ():
    draws = Draws((1, 2))
    tables = [draws.uniform(50, 4), draws.uniform(50, 4), Draws((1, 3)).uniform(50, 4), Draws((2, 2)).uniform(50, 4)]
    numbers = np.concatenate([table.numpy().ravel() for table in tables])
    assert len(np.unique(numbers)) == numbers.size
    np.testing.assert_allclose(np.corrcoef([table.numpy().ravel() for table in tables]), np.eye(4), atol=0.25)
    assert numbers.min() >= 0
    assert numbers.max() < 1


def test_normal_numbers_are_normal_and_the_same_under_xla():
    def draw(seed):
        return Draws(seed).normal(4000, 5)

    numbers = draw(tf.constant((1, 2))).numpy()
    np.testing.assert_allclose(np.quantile(numbers, [0.0228, 0.1587, 0.5, 0.8413, 0.9772]), range(-2, 3), atol=0.06)
    np.testing.assert_allclose(np.corrcoef(numbers, rowvar=False), np.eye(5), atol=0.06)
    np.testing.assert_allclose(tf.function(draw, jit_compile=True)(tf.constant((1, 2))), numbers, atol=1e-5)


def test_integers_are_uniform_below_their_bound_and_the_same_under_xla():
    def draw(seed):
        return Draws(seed).integers(3000, 2, 6)

    numbers = draw(tf.constant((1, 2))).numpy()
    assert numbers.dtype == np.int32 and numbers.shape == (3000, 2)
    np.testing.assert_allclose(np.bincount(numbers.ravel(), minlength=6) / numbers.size, 1 / 6, atol=0.02)
    np.testing.assert_array_equal(tf.function(draw, jit_compile=True)(tf.constant((1, 2))), numbers)
    assert (Draws((1, 2)).integers(50, 1, 1).numpy() == 0).all()


def test_each_replica_takes_its_rows_of_the_global_batch():
    columns = 5  # of which four numbers, as many as Philox makes at once, are no multiple
    whole = Draws((1, 2)).uniform(12, columns)

    def rows(first_row, count):
        return Draws((1, 2), first_row).uniform(count, columns)

    for function in (rows, tf.function(rows), tf.function(rows, jit_compile=True)):
        parts = [function(tf.constant(first), count) for first, count in ((0, 5), (5, 4), (9, 3))]
        np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_scopes_nest_and_close():
    assert current_draws() is None
    with seed_scope((0, 1)):
        outer = current_draws()
        with seed_scope((0, 2)):
            assert current_draws() is not outer
        assert current_draws() is outer
    assert current_draws() is None


def test_a_layer_draws_from_the_scope_and_else_from_its_own_seed(images):
    def in_scope(layer):
        with seed_scope((0, 1)):
            return layer(images).numpy()

    np.testing.assert_array_equal(in_scope(RandomFlip()), in_scope(RandomFlip(seed=3)))
    alone = RandomFlip(seed=7)
    first, second = alone(images).numpy(), alone(images).numpy()
    assert (first != second).any()
    np.testing.assert_array_equal(RandomFlip(seed=7)(images), first)
