import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl import backbones
from keras_ssl.optimizers import LARS, SGD, LayerDecay, scaled_cosine

SHAPES = [(3, 4), (4,), (4, 2), (2, 5), (5,)]

OPTIMIZERS = {
    "SGD": lambda rate: SGD(rate, momentum=0.9, nesterov=True, l2=0.01),
    "LARS": LARS,
    "Adam": keras.optimizers.Adam,
    "AdamW": lambda rate: keras.optimizers.AdamW(rate, weight_decay=0.5),
    "RMSprop": lambda rate: keras.optimizers.RMSprop(rate, momentum=0.5),
}


def variables(seed=0, shapes=SHAPES):
    rng = np.random.default_rng(seed)
    return [keras.Variable(rng.normal(size=shape)) for shape in shapes]


def gradients(step, shapes=SHAPES):
    rng = np.random.default_rng([1, step])
    return [tf.constant(rng.normal(size=shape), "float32") for shape in shapes]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_variable_moves_as_with_an_optimizer_of_its_own_rate(name):
    """What PyTorch's parameter groups do: momentum and decoupled decay go by the group's rate too."""
    together, alone = variables(), variables()
    optimizer = LayerDecay(OPTIMIZERS[name](0.1), decay=0.5)
    own = [OPTIMIZERS[name](0.1 * rate) for rate in (0.25, 0.25, 0.5, 1.0, 1.0)]
    for step in range(4):
        optimizer.apply(gradients(step), together)
        for one, gradient, variable in zip(own, gradients(step), alone, strict=True):
            one.apply([gradient], [variable])
    for got, expected in zip(together, alone, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_a_decay_of_one_is_the_optimizer_itself():
    decayed, plain = variables(), variables()
    optimizer, own = LayerDecay("adam", decay=1.0), keras.optimizers.Adam()
    for step in range(3):
        optimizer.apply(gradients(step), decayed)
        own.apply(gradients(step), plain)
    for got, expected in zip(decayed, plain, strict=True):
        np.testing.assert_array_equal(got, expected)


@settings(max_examples=50, deadline=None)
@given(
    ranks=st.lists(st.integers(0, 4), min_size=1, max_size=60),
    decay=st.sampled_from([0.3, 0.75, 1.0]),
    layers=st.integers(1, 30),
)
def test_rates_rise_towards_the_output_and_no_lower_than_the_layers_allow(ranks, decay, layers):
    optimizer = LayerDecay("sgd", decay, layers)
    optimizer.build([keras.Variable(np.zeros((1,) * rank)) for rank in ranks])
    kernels = sum(rank >= 2 for rank in ranks)
    assert optimizer.rates == sorted(optimizer.rates) and optimizer.rates[-1] == 1
    np.testing.assert_allclose(optimizer.rates[0], decay ** min(layers, max(kernels - 1, 0)), rtol=1e-6)
    assert len(set(optimizer.rates)) == (max(kernels, 1) if decay < 1 else 1)


def rates_of(encoder, decay=0.75):
    """The rates by path of an encoder's variables below a head."""
    network = keras.Sequential([keras.Input(encoder.input_shape[1:]), encoder, keras.layers.Dense(3)])
    optimizer = LayerDecay("sgd", decay)
    optimizer.build(network.trainable_variables)
    return {v.path: rate for v, rate in zip(network.trainable_variables, optimizer.rates, strict=True)}


def test_a_small_network_loses_a_factor_a_layer():
    rates = rates_of(backbones.small_cnn((8, 8, 1), filters=(4, 4, 4)), decay=0.5)
    for stage, rate in ((1, 0.125), (2, 0.25), (3, 0.5)):
        assert {rate} == {value for path, value in rates.items() if f"stage{stage}" in path}


def test_a_block_of_a_base_sized_transformer_counts_as_one():
    """MAE's code gives block i of 12, from 0, the rate 0.75^(12 - i), and the patches 0.75^13."""
    rates = rates_of(backbones.vit((8, 8, 1), 4, width=8, depth=12, heads=2))
    for block in range(1, 13):
        (rate,) = (rate for path, rate in rates.items() if f"block{block}_mlp_output/kernel" in path)
        assert 0.75 ** (13 - block) <= rate <= 0.75 ** (12 - block)
    assert rates[next(iter(rates))] == pytest.approx(0.75**12)


def test_a_deep_network_still_learns_at_the_bottom():
    rates = list(rates_of(backbones.resnet50((32, 32, 3), width=2)).values())
    assert rates[0] == pytest.approx(0.75**12) and rates == sorted(rates)


def test_a_wrapped_backbone_is_measured_inside(rng):
    inner = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3), keras.layers.Conv2D(2, 3)])
    assert list(rates_of(backbones.wrap(inner), 0.5).values()) == [0.25, 0.25, 0.5, 0.5, 1.0, 1.0]


def test_training_goes_on_bit_for_bit_after_loading(whole_and_resumed):
    whole, second = whole_and_resumed(lambda: LayerDecay(keras.optimizers.AdamW(scaled_cosine(0.1, 256, 20, 2)), 0.5))
    assert second.optimizer.rates == whole.optimizer.rates == [0.5, 0.5, 1.0, 1.0]
    pairs = zip(whole.weights + whole.optimizer.variables, second.weights + second.optimizer.variables, strict=True)
    for got, expected in pairs:
        np.testing.assert_array_equal(got, expected)


def test_same_under_xla():
    results = []
    for jit_compile in (False, True):
        stepped, optimizer = variables(), LayerDecay(keras.optimizers.AdamW(0.1), 0.5)
        optimizer.build(stepped)
        step = tf.function(lambda optimizer=optimizer: optimizer.apply(gradients(0)), jit_compile=jit_compile)
        step()
        step()
        results.append([variable.numpy() for variable in stepped])
    for plain, compiled, start in zip(*results, variables(), strict=True):
        assert np.abs(plain - start).max() > 0.01
        np.testing.assert_allclose(plain, compiled, rtol=1e-5, atol=1e-6)


def test_under_loss_scaling():
    plain, scaled = variables(), variables()
    LayerDecay("adam", 0.5).apply(gradients(0), plain)
    optimizer = keras.optimizers.LossScaleOptimizer(LayerDecay("adam", 0.5), initial_scale=1024.0)
    optimizer.build(scaled)
    optimizer.apply([1024.0 * gradient for gradient in gradients(0)])
    # An overflow is a step that is not made.
    optimizer.apply([np.inf * gradient for gradient in gradients(0)])
    for got, expected in zip(scaled, plain, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_two_replicas_equal_one_on_the_summed_gradient(two_replicas):
    one = variables()
    LayerDecay("adam", 0.5).apply([a + b for a, b in zip(gradients(0), gradients(1), strict=True)], one)
    with two_replicas.scope():
        two, optimizer = variables(), LayerDecay("adam", 0.5)
        optimizer.build(two)
    per_replica = [
        two_replicas.experimental_distribute_values_from_function(
            lambda context, i=i: gradients(context.replica_id_in_sync_group)[i]
        )
        for i in range(len(SHAPES))
    ]
    tf.function(lambda: two_replicas.run(lambda *each: optimizer.apply(list(each)), per_replica))()
    for expected, mirrored in zip(one, two, strict=True):
        for copy in two_replicas.experimental_local_results(mirrored.value):
            np.testing.assert_allclose(copy, expected, rtol=1e-5)


def test_the_learning_rate_is_the_wrapped_optimizer_s():
    optimizer = LayerDecay(keras.optimizers.Adam(0.1))
    optimizer.learning_rate = 0.01
    assert float(optimizer.inner_optimizer.learning_rate) == float(optimizer.learning_rate) == pytest.approx(0.01)
    optimizer.apply(gradients(0), variables())
    assert int(optimizer.iterations) == 1


def test_serializes():
    optimizer = LayerDecay(keras.optimizers.AdamW(scaled_cosine(0.3, 4096, 100, 10)), 0.6, layers=5, name="decayed")
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is LayerDecay and type(again.inner_optimizer) is keras.optimizers.AdamW
    assert again.get_config() == optimizer.get_config()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"decay": 0}, "decay=0"),
        ({"decay": 1.1}, "decay=1.1"),
        ({"layers": 0}, "layers=0"),
        ({"optimizer": keras.optimizers.SGD(use_ema=True)}, "use_ema=False.*Received"),
    ],
)
def test_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        LayerDecay(**{"optimizer": "sgd", **arguments})


def test_the_kernels_of_a_head_learn_at_the_full_rate():
    optimizer = LayerDecay("adam", decay=0.5, head=2)
    optimizer.build(variables())
    assert optimizer.rates == [0.5, 0.5, 1.0, 1.0, 1.0]


def test_before_head_steps_only_the_head_moves():
    moving = variables()
    optimizer = LayerDecay(keras.optimizers.SGD(0.1), decay=0.5, head_steps=2)
    for step in range(4):
        before = [variable.numpy() for variable in moving]
        optimizer.apply(gradients(step), moving)
        for rate, old, new, gradient in zip((0.25, 0.25, 0.5, 1, 1), before, moving, gradients(step), strict=True):
            expected = old - 0.1 * rate * gradient if step >= 2 or rate == 1 else old
            np.testing.assert_allclose(new, expected, rtol=1e-5, atol=1e-6)


def test_a_head_is_saved_with_the_optimizer():
    copy = LayerDecay.from_config(LayerDecay("adam", head=3, head_steps=7).get_config())
    assert (copy.head, copy.head_steps) == (3, 7)


@pytest.mark.parametrize("wrong", [{"head": 0}, {"head_steps": -1}, {"head_steps": 1.5}])
def test_a_head_is_checked(wrong):
    with pytest.raises(ValueError, match="Received: "):
        LayerDecay("adam", **wrong)
