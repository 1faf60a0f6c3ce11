"""What every public loss promises of any batch. A loss joins through CASES, or test_every_loss_has_a_case fails."""

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl import distribute, losses

# What the values of a share of the rows have to do with those of all rows.
MEAN = "weighted by their rows, the shares' values add up"
ROWS = "each row has a value of its own"
GLOBAL = "as MEAN, where every share is given the views of all"
GATHERED = "as MEAN, where the loss itself gathers what it needs of the replicas"
ALONE = "it is of the global batch only"


class Case(NamedTuple):
    """A loss, and how its arguments are drawn.

    Attributes:
        inputs: function of (draw, batch, dim) to the arguments that have a row for each image.
        loss: function of these arguments to a tensor or several; under GLOBAL it takes `global_views` too.
        dealt: one of the above.
        learns: whether it has a gradient.
        fewest: the images that it needs.
    """

    inputs: Callable
    loss: Callable
    dealt: str = MEAN
    learns: bool = True
    fewest: int = 1


class Draw:
    """Random arrays of some size, in what they hold the same for the same seed."""

    def __init__(self, seed, scale=1.0):
        self._rng, self._scale = np.random.default_rng(seed), scale

    def normal(self, *shape):
        return (self._scale * self._rng.normal(size=shape)).astype("float32")

    def uniform(self, *shape):
        return self._rng.uniform(size=shape).astype("float32")

    def integers(self, high, *shape):
        return self._rng.integers(0, high, shape).astype("int32")

    def shares(self, *shape):
        """Rows that sum to 1."""
        return self._rng.dirichlet(np.ones(shape[-1]), shape[:-1]).astype("float32")

    def masked(self, batch, patches, count):
        """So many different patches for each image."""
        return np.argsort(self._rng.uniform(size=(batch, patches)), axis=1)[:, :count].astype("int32")

    def boxes(self, batch):
        top_left, size = self.uniform(2, batch, 2)
        return self._scale * np.concatenate([top_left, top_left + size], axis=1)


def two(draw, batch, dim):
    return draw.normal(batch, dim), draw.normal(batch, dim)


def paired(draw, batch, dim):
    return (draw.normal(batch, 2, dim),)


def by_view(z):
    """All first views, then all second ones."""
    return tf.concat(tf.unstack(z, axis=1), axis=0)


def pictures(draw, batch, dim):
    """Images in [0, 1] and what a decoder made of them; neither square nor of as many pixels as there are images."""
    return draw.uniform(batch, 3, dim, 1), draw.normal(batch, 3, dim, 1)


def similarities(draw, batch, dim):
    return draw.normal(batch, dim + 1), draw.integers(dim + 1, batch)


def distances(draw, batch, dim):
    return np.abs(draw.normal(batch, dim + 1)), draw.integers(dim + 1, batch), draw.uniform(batch, 1)


def patches(draw, batch, dim):
    return draw.normal(batch, 2, dim + 1), draw.normal(batch, 5, dim + 1), draw.masked(batch, 5, 2)


def masked_pictures(draw, batch, dim):
    images, outputs = pictures(draw, batch, dim)
    pixels = 3 * dim
    mask = np.zeros((batch, pixels), bool)
    np.put_along_axis(mask, draw.masked(batch, pixels, (pixels + 1) // 2), True, axis=1)
    return outputs, images, mask.reshape(batch, 3, dim, 1)


def with_queue(loss):
    """The queue is the same for all replicas."""

    def of(query, key):
        queue = np.random.default_rng(3).normal(size=(7, np.shape(query)[-1])).astype("float32")
        return loss(query, key, queue / np.linalg.norm(queue, axis=1, keepdims=True))

    return of


def compared(similarities):
    """The loss of a matrix of similarities, which are themselves in the order of the images."""

    def of(a, b, global_views=None):
        return losses.softmax_cross_entropy(*similarities(a, b, global_views=global_views), temperature=0.5)

    return of


def encode(images):
    weights = np.random.default_rng(3).normal(size=(images.shape[-1], 4)).astype("float32")
    return tf.tanh(tf.reduce_mean(images / 255.0, axis=(1, 2)) @ weights)


def against(loss, b):
    """Rows of the first argument with the same few others."""
    return lambda a: loss(a, np.random.default_rng(b).normal(size=(4, np.shape(a)[-1])).astype("float32"))


def center(dim):
    return np.random.default_rng(3).normal(size=dim).astype("float32")


#: By the names of `keras_ssl.losses`; what follows a hyphen tells cases of one loss apart.
CASES = {
    "barlow_twins": Case(two, losses.barlow_twins, GLOBAL),
    "bernoulli_likelihood": Case(pictures, losses.bernoulli_likelihood),
    "binary_cross_entropy": Case(pictures, losses.binary_cross_entropy),
    "box_iou": Case(lambda draw, batch, dim: (draw.boxes(batch), draw.boxes(batch)), losses.box_iou, ROWS),
    "contractive_penalty": Case(
        lambda draw, batch, dim: (255 * draw.uniform(batch, 3, 2, dim), draw.normal(batch, 4)),
        lambda images, directions: losses.contractive_penalty(encode, images, directions),
    ),
    "contrasted_views": Case(paired, lambda z: losses.contrasted_views(by_view(z), temperature=0.3)[:2], GATHERED),
    "contrasted_views-spread": Case(paired, lambda z: losses.contrasted_views(by_view(z))[2], GATHERED, learns=False),
    "contrastive_accuracy": Case(two, losses.contrastive_accuracy, GLOBAL, learns=False),
    "centerness": Case(
        lambda draw, batch, dim: (np.abs(draw.normal(batch, 4)),), losses.centerness, ROWS, learns=False
    ),
    "cosine_similarities": Case(
        lambda draw, batch, dim: (draw.normal(batch, dim),), against(losses.cosine_similarities, 3), ROWS
    ),
    "decoupled_cross_entropy": Case(
        similarities, lambda s, positives: losses.decoupled_cross_entropy(s, positives, temperature=0.3)
    ),
    "decoupled_nt_xent": Case(two, losses.decoupled_nt_xent, GLOBAL, fewest=2),
    "dice": Case(
        lambda draw, batch, dim: (draw.shares(batch, dim), draw.shares(batch, dim)),
        lambda labels, probabilities: losses.dice(tf.round(labels), probabilities),
        ALONE,
    ),
    "dino": Case(two, lambda student, teacher: losses.dino(student, teacher, center(np.shape(teacher)[-1]))),
    "discriminator_loss": Case(
        lambda draw, batch, dim: (draw.normal(batch, 1), draw.normal(batch, 1)),
        lambda real, fake: losses.discriminator_loss(real, fake, label_smoothing=0.1),
    ),
    "distillation": Case(two, lambda student, teacher: losses.distillation(student, teacher, temperature=2.0)),
    "distillation-labels": Case(
        lambda draw, batch, dim: (*two(draw, batch, dim), draw.integers(dim + 1, batch) - 1),
        lambda student, teacher, labels: losses.distillation(student, teacher, labels=labels, label_weight=0.5),
    ),
    "embedding_spread": Case(lambda draw, batch, dim: (draw.normal(batch, dim),), losses.embedding_spread, ALONE),
    "euclidean_distance": Case(two, losses.euclidean_distance, ROWS),
    "euclidean_distances": Case(
        lambda draw, batch, dim: (draw.normal(batch, dim),), against(losses.euclidean_distances, 3), ROWS
    ),
    "fcos": Case(
        lambda draw, batch, dim: (
            draw.normal(batch, dim, 2),
            0.1 + draw.uniform(batch, dim, 4),
            draw.normal(batch, dim),
            draw.integers(3, batch, dim) - 1,
            0.1 + draw.uniform(batch, dim, 4),
        ),
        lambda *of: tuple(losses.fcos(*of).values()),
        GATHERED,
    ),
    "gaussian_kl": Case(
        lambda draw, batch, dim: (draw.normal(batch, dim), np.clip(draw.normal(batch, dim), -8, 8)),
        losses.gaussian_kl,
    ),
    "gaussian_likelihood": Case(pictures, losses.gaussian_likelihood, GATHERED),
    "generator_loss": Case(lambda draw, batch, dim: (draw.normal(batch, 1),), losses.generator_loss),
    "giou": Case(lambda draw, batch, dim: (draw.boxes(batch), draw.boxes(batch)), losses.giou, ROWS),
    "hardest_negatives": Case(distances, losses.hardest_negatives, ROWS, learns=False),
    "info_nce": Case(two, losses.info_nce, GLOBAL),
    "info_nce-queue": Case(two, with_queue(losses.info_nce)),
    "kl_sparsity": Case(lambda draw, batch, dim: (draw.normal(batch, dim),), losses.kl_sparsity, GATHERED),
    "l1_sparsity": Case(lambda draw, batch, dim: (draw.normal(batch, dim),), losses.l1_sparsity),
    "labelled_mean": Case(
        lambda draw, batch, dim: (draw.normal(batch, dim), draw.integers(2, batch, dim) > 0),
        losses.labelled_mean,
        GATHERED,
    ),
    "masked_patch_error": Case(patches, losses.masked_patch_error),
    "masked_patch_error-pixels": Case(patches, lambda *of: losses.masked_patch_error(*of, normalize=False)),
    "masked_pixel_error": Case(masked_pictures, losses.masked_pixel_error),
    "negative_cosine": Case(two, losses.negative_cosine),
    "nnclr": Case(two, losses.nnclr, GLOBAL),
    "nt_xent": Case(two, losses.nt_xent, GLOBAL),
    "pairwise_contrastive": Case(
        lambda draw, batch, dim: (*two(draw, batch, dim), draw.integers(2, batch) > 0), losses.pairwise_contrastive
    ),
    "patch_statistics": Case(
        lambda draw, batch, dim: (draw.normal(batch, 2, dim + 1),), losses.patch_statistics, ROWS
    ),
    "positive_accuracy": Case(similarities, losses.positive_accuracy, learns=False),
    "query_key_similarities": Case(two, compared(losses.query_key_similarities), GLOBAL),
    "r1_penalty": Case(lambda draw, batch, dim: (draw.normal(batch, 3, dim, 1),), losses.r1_penalty),
    "random_negatives": Case(distances, losses.random_negatives, ROWS, learns=False),
    "semi_hard_negatives": Case(distances, losses.semi_hard_negatives, ROWS, learns=False),
    "sigmoid_focal": Case(
        lambda draw, batch, dim: (draw.integers(2, batch, dim), draw.normal(batch, dim)), losses.sigmoid_focal, ROWS
    ),
    "sinkhorn": Case(
        lambda draw, batch, dim: (np.tanh(draw.normal(batch, dim)),), losses.sinkhorn, GLOBAL, learns=False
    ),
    "smooth_l1": Case(two, losses.smooth_l1, ROWS),
    "softmax_cross_entropy": Case(
        similarities, lambda s, positives: losses.softmax_cross_entropy(s, positives, temperature=0.3)
    ),
    "squared_error": Case(pictures, losses.squared_error),
    "structural_dissimilarity": Case(pictures, losses.structural_dissimilarity),
    "swapped_prediction": Case(
        lambda draw, batch, dim: (draw.normal(batch, dim), draw.shares(batch, dim)), losses.swapped_prediction
    ),
    "triplet_margin": Case(
        lambda draw, batch, dim: (*two(draw, batch, dim), draw.normal(batch, dim)), losses.triplet_margin
    ),
    "two_view_similarities": Case(two, compared(losses.two_view_similarities), GLOBAL),
    "uncertainty_weighted": Case(  # of tasks, not of images
        lambda draw, batch, dim: (np.abs(draw.normal(batch)), np.clip(draw.normal(batch), -8, 8)),
        losses.uncertainty_weighted,
        ALONE,
    ),
    "vicreg": Case(two, losses.vicreg, GLOBAL, fewest=2),
    "vicreg_terms": Case(two, losses.vicreg_terms, GLOBAL, fewest=2),
}

#: The cases by how they are dealt to replicas.
DEALT = [name for name, case in CASES.items() if case.dealt in (MEAN, ROWS, GLOBAL)]
GATHERING = [name for name, case in CASES.items() if case.dealt is GATHERED]

#: Public, and no function of a batch to a loss.
OTHERS = {"MINERS", "gather_views"}

each = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
some = settings(max_examples=4, deadline=None)
batches, dims, seeds = st.integers(2, 7), st.integers(1, 9), st.integers(0, 2**16)


def test_every_loss_has_a_case():
    assert {name.partition("-")[0] for name in CASES} == set(losses.__all__) - OTHERS
    assert {miner.__name__ for miner in losses.MINERS.values()} <= set(CASES)


def as_tuple(result):
    return result if isinstance(result, tuple) else (result,)


def value_and_gradients(loss, arguments, learns=True):
    """The loss's values, and the gradient of their sum to all float arguments."""
    tensors = [tf.convert_to_tensor(argument) for argument in arguments]
    watched = [tensor for tensor in tensors if tensor.dtype.is_floating]
    with tf.GradientTape() as tape:
        tape.watch(watched)
        results = as_tuple(loss(*tensors))
        summed = tf.add_n([tf.reduce_sum(result) for result in results]) if learns else None
    gradients = tape.gradient(summed, watched, unconnected_gradients="zero") if learns else []
    return [np.asarray(result) for result in results], [np.asarray(gradient) for gradient in gradients]


def assert_close(now, then):
    for a, b in zip(now, then, strict=True):
        largest = max(1.0, np.abs(b).max(initial=0))
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-5 * largest)


def ends(rows, cuts):
    """Where shares end that part the rows at some places, of which none is empty."""
    inner = sorted({1 + cut % (rows - 1) for cut in cuts})
    return [0, *inner], [*inner, rows]


def dealt(case, firsts, lasts):
    """The loss of all rows, from the losses of shares."""

    def of(*tensors):
        rows = tensors[0].shape[0]
        shares = []
        for first, last in zip(firsts, lasts, strict=True):
            views = {"global_views": (*tensors, first)} if case.dealt is GLOBAL else {}
            share = as_tuple(case.loss(*(tensor[first:last] for tensor in tensors), **views))
            shares.append([part if part.shape.rank else part * (last - first) / rows for part in share])
        return tuple(
            tf.concat(parts, axis=0) if parts[0].shape.rank else tf.add_n(parts)
            for parts in zip(*shares, strict=True)
        )

    return of


@each
@some
@given(batch=st.integers(1, 7), dim=dims, seed=seeds, scale=st.sampled_from([0.0, 1e-6, 1e-3, 1.0, 30.0, 1e3, 1e4]))
def test_value_and_gradient_are_finite(case, batch, dim, seed, scale):
    arguments = case.inputs(Draw(seed, scale), max(batch, case.fewest), dim)
    collapsed = [np.broadcast_to(argument[:1], argument.shape) for argument in arguments]
    for tensors in (arguments, collapsed):
        results, gradients = value_and_gradients(case.loss, tensors, case.learns)
        assert all(np.isfinite(value).all() for value in (*results, *gradients))
        assert all(result.dtype in (np.float32, np.int32) for result in results)


@each
@some
@given(batch=batches, dim=dims, seed=seeds)
def test_the_order_of_the_batch_does_not_matter(case, batch, dim, seed):
    arguments = case.inputs(Draw(seed), batch, dim)
    order = np.random.default_rng(seed).permutation(batch)
    values, gradients = value_and_gradients(case.loss, arguments, case.learns)
    reordered, regradients = value_and_gradients(case.loss, [argument[order] for argument in arguments], case.learns)
    assert_close(reordered, [value[order] if value.ndim else value for value in values])
    assert_close(regradients, [gradient[order] for gradient in gradients])


@pytest.mark.parametrize("case", [CASES[name] for name in DEALT], ids=DEALT)
@some
@given(batch=batches, dim=dims, seed=seeds, cuts=st.lists(st.integers(0, 9), min_size=1, max_size=2))
def test_shares_of_unequal_size_make_up_the_loss_and_its_gradient(case, batch, dim, seed, cuts):
    arguments = case.inputs(Draw(seed), batch, dim)
    values, gradients = value_and_gradients(case.loss, arguments, case.learns)
    together, slopes = value_and_gradients(dealt(case, *ends(batch, cuts)), arguments, case.learns)
    assert_close(together, values)
    assert_close(slopes, gradients)


@pytest.mark.parametrize("case", [CASES[name] for name in GATHERING], ids=GATHERING)
@settings(max_examples=2, deadline=None)
@given(batch=batches, dim=dims, seed=seeds, cut=st.integers(0, 9))
def test_what_a_loss_gathers_itself_makes_up_the_loss_and_its_gradient(case, batch, dim, seed, cut, two_replicas):
    arguments = case.inputs(Draw(seed), batch, dim)
    _, (first, _) = ends(batch, [cut])

    def on_replica(*own):
        weight = distribute.share(tf.shape(own[0])[0]).weight
        watched = [tensor for tensor in own if tensor.dtype.is_floating]
        with tf.GradientTape() as tape:
            tape.watch(watched)
            results = [weight * result for result in as_tuple(case.loss(*own))]
            summed = tf.add_n(results)
        return results, tape.gradient(summed, watched) if case.learns else []

    def rows(argument):
        shares = np.split(argument, [first])
        return two_replicas.experimental_distribute_values_from_function(
            lambda context: tf.constant(shares[context.replica_id_in_sync_group])
        )

    own = [rows(argument) for argument in arguments]
    results, slopes = two_replicas.run(tf.function(on_replica), own)
    values, gradients = value_and_gradients(case.loss, arguments, case.learns)
    assert_close([sum(two_replicas.experimental_local_results(result)) for result in results], values)
    assert_close([np.concatenate(two_replicas.experimental_local_results(slope)) for slope in slopes], gradients)


@each
@some
@given(
    batch=batches,
    dim=dims,
    seed=seeds,
    scale=st.sampled_from([1e-2, 1.0, 30.0]),
    dtype=st.sampled_from(["float16", "bfloat16", "float64"]),
    mixed=st.booleans(),
)
def test_any_float_is_computed_in_float32(case, batch, dim, seed, scale, dtype, mixed):
    """Under `mixed`, only the first argument comes in that dtype, as from a layer of a mixed policy."""
    arguments = case.inputs(Draw(seed, scale), batch, dim)

    def cast(number, argument):
        return tf.cast(argument, dtype) if argument.dtype == "float32" and not (mixed and number) else argument

    narrow = [cast(number, argument) for number, argument in enumerate(arguments)]
    exact = [tf.cast(tensor, "float32") if tensor.dtype == dtype else tensor for tensor in narrow]
    results = as_tuple(case.loss(*narrow))
    assert all(result.dtype in (tf.float32, tf.int32) for result in results)
    assert_close(results, as_tuple(case.loss(*exact)))


@each
@some
@given(batch=batches, dim=dims, seed=seeds)
def test_variables_arrays_and_lists_are_tensors(case, batch, dim, seed):
    arguments = case.inputs(Draw(seed), batch, dim)
    values = as_tuple(case.loss(*map(tf.constant, arguments)))
    for kind in (tf.Variable, keras.Variable, np.asarray, np.ndarray.tolist):
        given = [kind(argument) for argument in arguments]
        assert_close(as_tuple(case.loss(*given)), values)


@each
def test_a_batch_of_unknown_size_has_the_same_loss(case):
    for batch, dim in ((5, 3), (3, 5)):
        arguments = case.inputs(Draw(0), batch, dim)
        signature = [tf.TensorSpec((None, *argument.shape[1:]), argument.dtype) for argument in arguments]
        values = as_tuple(tf.function(case.loss, input_signature=signature)(*arguments))
        assert_close(values, as_tuple(case.loss(*arguments)))
