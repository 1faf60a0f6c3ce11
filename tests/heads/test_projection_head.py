import keras
import numpy as np
import pytest

from keras_ssl.heads import distillation_head, prediction_head, projection_head


def weight_shapes(head):
    return [tuple(weight.shape) for weight in head.trainable_weights]


def test_projection_is_simclrs_by_default():
    # As wide as the features, then 128: dense without bias, gamma, beta; dense, gamma.
    assert weight_shapes(projection_head(512)) == [(512, 512), (512,), (512,), (512, 128), (128,)]


def test_projection_of_barlow_twins():
    head = projection_head(8, hidden_units=32, output_units=32, layers=3, output_batch_norm=False)
    assert weight_shapes(head) == [(8, 32), (32,), (32,), (32, 32), (32,), (32,), (32, 32)]


def test_one_layer_is_a_linear_map(rng):
    head = projection_head(6, output_units=3, layers=1, output_batch_norm=False)
    features = rng.normal(size=(5, 6)).astype("float32")
    np.testing.assert_allclose(head(features), features @ head.get_weights()[0], rtol=1e-5, atol=1e-6)


def test_prediction_is_byols_by_default():
    assert weight_shapes(prediction_head(256)) == [(256, 4096), (4096,), (4096,), (4096, 256)]


def test_prediction_of_simsiam():
    assert weight_shapes(prediction_head(64, hidden_units=16)) == [(64, 16), (16,), (16,), (16, 64)]


def test_output_is_normalized_over_the_batch(rng):
    projections = projection_head(6)(rng.normal(3.0, 2.0, (64, 6)).astype("float32"), training=True).numpy()
    np.testing.assert_allclose(projections.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(projections.std(0), 1, atol=1e-2)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize(
    "make, hidden", [(projection_head, "hidden1_dense"), (prediction_head, "prediction_hidden1_dense")]
)
def test_float32_output_under_mixed_precision(policy, make, hidden, rng):
    keras.config.set_dtype_policy(policy)
    head = make(6, hidden_units=8)
    assert head.built
    assert head.get_layer(hidden).compute_dtype == policy[6:]
    assert head(rng.normal(size=(4, 6)).astype("float32"), training=True).dtype == "float32"


def test_saves_and_loads(rng, tmp_path):
    head = projection_head(6, layers=3, synchronized=True)
    features = rng.normal(size=(5, 6)).astype("float32")
    head(features, training=True)
    head.save(tmp_path / "head.keras")
    loaded = keras.saving.load_model(tmp_path / "head.keras")
    np.testing.assert_array_equal(loaded(features), head(features))
    assert loaded.get_layer("output_bn").synchronized


@pytest.mark.parametrize("argument", ["input_dim", "hidden_units", "output_units", "layers"])
@pytest.mark.parametrize("make", [projection_head, prediction_head])
def test_refuses_sizes_that_are_none(make, argument):
    with pytest.raises(ValueError, match=f"Received: {argument}=0"):
        make(**{"input_dim": 8, argument: 0})


def test_distillation_ends_in_a_bottleneck_of_length_1(rng):
    head = distillation_head(6, 8, 4)
    assert weight_shapes(head) == [(6, 8), (8,), (8, 8), (8,), (8, 4), (4,)]
    embeddings = head(rng.normal(size=(5, 6)).astype("float32"))
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, rtol=1e-5)


def test_distillation_has_batch_normalization_if_told():
    names = [layer.name for layer in distillation_head(6, 8, 4, batch_norm=True).layers]
    assert "hidden1_bn" in names and not any("bn" in layer.name for layer in distillation_head(6, 8, 4).layers)
