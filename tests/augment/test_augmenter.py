import keras
import keras_cv
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import augment, distribute
from keras_ssl.augment import Augmenter

SEED = (3, 4)


def every_layer():
    return [
        augment.RandomResizedCrop((12, 10), (0.1, 0.9), (0.5, 2.0), flip_probability=0.4, antialias=False),
        augment.RandomColorJitter(0.8, 0.7, 0.6, 0.2, probability=0.9, gray_probability=0.3),
        augment.RandomFlip(0.4, vertical=0.6),
        augment.GaussianBlur((0.5, 1.5), kernel_size=5, probability=0.6),
        augment.RandomSolarize(0.7, threshold=(50, 150)),
        augment.RandomErasing(0.9, scale=(0.1, 0.5), ratio=(0.5, 2.0), value=7.0),
        augment.RandomBrightnessContrast(0.8, 0.7, probability=0.9),
        augment.RandomAffine(rotation=30.0, translation=0.2),
    ]


@pytest.fixture
def crop_and_jitter():
    return Augmenter([augment.RandomResizedCrop(8), augment.RandomColorJitter()], jit_compile=False)


each_layer = pytest.mark.parametrize("layer", every_layer(), ids=lambda layer: layer.name)


@each_layer
def test_one_seed_gives_one_result_eager_in_a_graph_and_under_xla(images, layer):
    plain, compiled = Augmenter([layer], jit_compile=False), Augmenter([layer])
    assert compiled.supports_jit
    expected = plain(images, seed=SEED)
    assert expected.dtype == tf.float32
    np.testing.assert_array_equal(plain(images, seed=SEED), expected)
    views = compiled(images, seed=SEED)
    np.testing.assert_array_equal(tf.function(compiled)(images, seed=SEED), views)
    for other in (views, tf.function(plain)(images, seed=SEED)):
        # Each rounds differently, and a pixel at the edge of a threshold may then fall to the other side.
        assert np.mean(np.abs(other - expected) > 0.01) < 0.002


def test_inside_of_a_compiled_step(images):
    augmenter = Augmenter([augment.RandomFlip(), augment.RandomSolarize()])
    views = tf.function(augmenter, jit_compile=True)(images, seed=SEED)
    np.testing.assert_array_equal(views, augmenter(images, seed=SEED))


def test_several_layers_give_one_result_compiled_one_by_one_in_one_step_and_not_at_all(images):
    layers = [augment.RandomResizedCrop(8), augment.RandomColorJitter(), augment.GaussianBlur()]
    expected = Augmenter(layers, jit_compile=False)(images, seed=SEED)
    one_by_one = Augmenter(layers)
    # Another shape makes another graph of the same layers, which must draw the same numbers again.
    one_by_one(images[:, 1:], seed=SEED)
    np.testing.assert_allclose(one_by_one(images, seed=SEED), expected, atol=0.05)
    in_one_step = tf.function(Augmenter(layers), jit_compile=True)
    np.testing.assert_allclose(in_one_step(images, seed=SEED), expected, atol=0.05)


def test_results_are_pixels(images):
    views = Augmenter(every_layer(), jit_compile=False)(images, seed=SEED).numpy()
    assert views.min() >= 0
    assert views.max() <= 255.01
    assert views.std() > 10


def test_uint8_and_float_images_give_the_same_views(images, crop_and_jitter):
    expected = crop_and_jitter(images, seed=SEED)
    for dtype in ("float32", "float64"):
        np.testing.assert_array_equal(crop_and_jitter(images.astype(dtype), seed=SEED), expected)


def test_other_seeds_and_other_rows_give_other_views(images, crop_and_jitter):
    same = np.repeat(images[:1], 8, axis=0)
    views = [crop_and_jitter(same, seed=seed).numpy() for seed in (SEED, (3, 5), (4, 4))]
    every = np.concatenate(views).reshape(24, -1).round(2)
    assert len(np.unique(every, axis=0)) == 24


def test_without_a_seed_each_call_draws_a_new_one(images):
    def two_views(seed):
        augmenter = Augmenter([augment.RandomResizedCrop(8)], seed=seed, jit_compile=False)
        return augmenter(images).numpy(), augmenter(images).numpy()

    first, second = two_views(seed=1)
    assert (first != second).any()
    np.testing.assert_array_equal(two_views(seed=1), (first, second))


def test_two_replicas_equal_one_global_batch(images, crop_and_jitter):
    whole = crop_and_jitter(images, seed=SEED)
    shares = [crop_and_jitter(images[a:b], seed=SEED, first_row=a) for a, b in ((0, 5), (5, 8))]
    np.testing.assert_allclose(np.concatenate(shares), whole, atol=1e-3)


def test_two_devices_equal_one(images, two_replicas):
    with two_replicas.scope():
        augmenter = Augmenter([augment.RandomResizedCrop(8), augment.RandomFlip()])

    @tf.function
    def step(images):
        return augmenter(images, seed=SEED, first_row=distribute.share(tf.shape(images)[0]).first_row)

    parts = two_replicas.experimental_distribute_values_from_function(
        lambda context: tf.constant(images[4 * context.replica_id_in_sync_group :][:4])
    )
    views = tf.concat(two_replicas.experimental_local_results(two_replicas.run(step, (parts,))), axis=0)
    np.testing.assert_allclose(views, augmenter(images, seed=SEED), atol=1e-2)


@pytest.mark.parametrize("jit_compile", [True, False])
def test_the_batch_may_be_of_any_size_in_one_graph(images, crop_and_jitter, jit_compile):
    augmenter = Augmenter(crop_and_jitter.layers[:1], jit_compile=jit_compile)

    @tf.function(input_signature=[tf.TensorSpec((None, 15, 20, 3), tf.uint8)])
    def views(images):
        views = augmenter(images, seed=SEED)
        assert views.shape[1:] == (8, 8, 3)
        return views

    eight, three = views(images), views(images[:3])
    assert eight.shape == (8, 8, 8, 3)
    # The numbers of a row depend on the row alone.
    np.testing.assert_allclose(three, eight[:3], atol=1e-2)


def test_in_a_tf_data_pipeline(images, crop_and_jitter):
    dataset = tf.data.Dataset.from_tensors(images).map(lambda batch: crop_and_jitter(batch, seed=SEED))
    np.testing.assert_allclose(next(iter(dataset)), crop_and_jitter(images, seed=SEED), atol=1e-2)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_pixels_stay_float32_under_mixed_precision(images, policy):
    def layers():
        return [
            augment.RandomResizedCrop(8),
            keras_cv.layers.RandomApply(keras_cv.layers.Grayscale(output_channels=3), rate=1.0),
            keras.layers.Rescaling(1.0, offset=0.123),
        ]

    expected = Augmenter(layers())(images, seed=SEED)
    keras.config.set_dtype_policy(policy)
    views = Augmenter(layers())(images, seed=SEED)
    assert views.dtype == tf.float32
    np.testing.assert_array_equal(views, expected)


def test_saving_and_loading(images, tmp_path):
    inputs = keras.Input((15, 20, 3))
    layers = [augment.RandomResizedCrop((12, 10)), augment.RandomFlip(), keras_cv.layers.Grayscale(3)]
    augmenter = Augmenter(layers, seed=5, jit_compile=False, name="views")
    keras.Model(inputs, augmenter(inputs)).save(tmp_path / "views.keras")
    loaded = keras.saving.load_model(tmp_path / "views.keras").get_layer("views")
    for ours, theirs in zip(loaded.layers, augmenter.layers, strict=True):
        assert ours.get_config() == theirs.get_config()
    assert loaded.image_size == (12, 10)
    np.testing.assert_array_equal(loaded(images, seed=SEED), augmenter(images, seed=SEED))


@each_layer
def test_every_layer_has_a_config_that_makes_an_equal_one(layer):
    config = keras.saving.serialize_keras_object(layer)
    copy = keras.saving.deserialize_keras_object(config)
    assert type(copy) is type(layer)
    assert copy.get_config() == layer.get_config()


class TestOtherLayers:
    """The user's own keras-cv and Keras layers."""

    def test_that_xla_cannot_compile_run_uncompiled(self, images):
        augmenter = augment.compose([keras_cv.layers.RandomRotation(0.1), augment.RandomResizedCrop(8)])
        assert not augmenter.supports_jit
        views = augmenter(images, seed=SEED)
        assert views.shape == (8, 8, 8, 3)
        assert (views.numpy() != augmenter(images, seed=SEED).numpy()).any()

    def test_that_xla_cannot_compile_are_named(self):
        with pytest.raises(ValueError, match=r"RandomRotation.*Received: jit_compile=True"):
            augment.compose([keras_cv.layers.RandomRotation(0.1)], jit_compile=True)
        with pytest.raises(ValueError, match=r"RandomZoom.*Received: jit_compile=True"):
            augment.compose([keras.layers.RandomZoom(0.1)], jit_compile=True)

    @pytest.mark.parametrize("layer", ["AutoContrast", "Grayscale", "Posterization", "Solarization"])
    def test_of_keras_cv_without_randomness_are_compiled(self, images, layer):
        arguments = {
            "AutoContrast": {"value_range": (0, 255)},
            "Grayscale": {"output_channels": 3},
            "Posterization": {"value_range": (0, 255), "bits": 3},
            "Solarization": {"value_range": (0, 255), "threshold_factor": (0.5, 0.5)},
        }
        stock = getattr(keras_cv.layers, layer)(**arguments[layer])
        augmenter = augment.compose([stock], jit_compile=True)
        assert augmenter.supports_jit
        assert augmenter.image_size is None
        np.testing.assert_allclose(augmenter(images), stock(images), atol=1e-2)

    def test_of_keras_augment_outside_of_training_too(self, images):
        augmenter = augment.compose([keras.layers.RandomFlip("vertical", seed=1)])
        views = augmenter(images, seed=SEED).numpy()
        upside_down = [(view == image[::-1]).all() for view, image in zip(views, images, strict=True)]
        upright = [(view == image).all() for view, image in zip(views, images, strict=True)]
        assert np.logical_xor(upside_down, upright).all()
        assert 0 < sum(upside_down) < 8

    def test_of_the_users_own_on_this_packages_base_class(self, images):
        class Darker(augment.RandomImageLayer):
            def parameters(self, uniform, images):
                return uniform[:, 0]

            def augment_images(self, images, transformations, **kwargs):
                return images * transformations[:, tf.newaxis, tf.newaxis, tf.newaxis]

        augmenter = augment.compose([Darker()])
        views = augmenter(images, seed=SEED).numpy()
        np.testing.assert_allclose(augmenter(images, seed=SEED), views)
        shares = views.sum(axis=(1, 2, 3)) / images.sum(axis=(1, 2, 3))
        assert len(np.unique(shares.round(4))) == 8


class TestErrors:
    def test_no_layers(self):
        with pytest.raises(ValueError, match=r"at least one layer.*Received"):
            Augmenter([])

    def test_a_class_for_a_layer(self):
        with pytest.raises(TypeError, match=r"instances.*Received"):
            Augmenter([augment.RandomFlip])

    def test_an_unknown_jit_compile(self):
        with pytest.raises(ValueError, match=r"jit_compile.*Received"):
            Augmenter([augment.RandomFlip()], jit_compile="always")

    @pytest.mark.parametrize("shape", [(8, 8, 3), (8, 8), (1, 2, 8, 8, 3)])
    def test_images_of_the_wrong_rank(self, crop_and_jitter, shape):
        with pytest.raises(ValueError, match=r"batch of images.*Received"):
            crop_and_jitter(np.zeros(shape, "uint8"))

    def test_a_seed_of_the_wrong_shape(self, crop_and_jitter, images):
        with pytest.raises(ValueError, match=r"two integers.*Received"):
            crop_and_jitter(images, seed=3)
