import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.backbones import dcgan_discriminator, dcgan_generator

SHAPES = [(8, 8, 1), (9, 13, 2), (28, 28, 1), (32, 32, 3), (50, 30, 13)]


@pytest.mark.parametrize("shape", [*SHAPES, (64, 64, 3), (128, 128, 3)])
def test_the_generator_draws_exactly_the_shape_that_the_discriminator_takes(shape):
    generator, discriminator = dcgan_generator(shape, filters=(2, 2, 2)), dcgan_discriminator(shape, (2, 2, 2))
    assert generator.output_shape == discriminator.input_shape == (None, *shape)
    assert discriminator.output_shape == (None, 1)


@pytest.mark.parametrize(
    ("shape", "filters", "base"),
    [
        ((8, 8, 1), (64, 128, 256), (1, 1)),
        ((28, 28, 1), (64, 128, 256), (4, 4)),
        ((32, 32, 3), (64, 128, 256), (4, 4)),
        ((64, 64, 3), (64, 128, 256, 512), (4, 4)),
        ((32, 64, 3), (64, 128, 256), (4, 8)),
    ],
)
def test_depth_follows_the_image(shape, filters, base):
    discriminator, generator = dcgan_discriminator(shape), dcgan_generator(shape)
    stages = [discriminator.get_layer(f"stage{stage}").output.shape for stage in range(1, len(filters) + 1)]
    assert tuple(stage[-1] for stage in stages) == filters and stages[-1][1:3] == base
    assert generator.get_layer("base").output.shape == (None, *base, filters[-1])


def test_the_generator_mirrors_the_discriminator():
    shape, filters = (28, 20, 1), (4, 6, 8)
    discriminator, generator = dcgan_discriminator(shape, filters), dcgan_generator(shape, 10, filters)
    assert generator.input_shape == (None, 10)
    for stage in (1, 2):
        assert (
            generator.get_layer(f"stage{stage}").output.shape == discriminator.get_layer(f"stage{stage}").output.shape
        )


def test_normalization_stands_where_the_paper_has_it():
    def norms(model):
        return [layer.name for layer in model.layers if layer.name.endswith("_bn")]

    assert norms(dcgan_discriminator((8, 8, 1), (2, 2, 2))) == ["stage2_bn", "stage3_bn"]
    assert norms(dcgan_generator((8, 8, 1), filters=(2, 2, 2))) == ["base_bn", "stage2_bn", "stage1_bn"]
    assert norms(dcgan_discriminator((8, 8, 1), (2, 2, 2), spectral_normalization=True)) == []


def test_weights_start_as_in_the_paper():
    generator = dcgan_generator((32, 32, 3), filters=(16, 32, 64))
    kernels = [weight.numpy() for weight in generator.trainable_weights if len(weight.shape) > 1]
    for kernel in kernels:
        assert np.std(kernel) == pytest.approx(0.02, rel=0.1)
    assert len({kernel.ravel()[:2].tobytes() for kernel in kernels}) == len(kernels)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_raw_pixels_and_float32_under_every_policy(policy, rng):
    keras.config.set_dtype_policy(policy)
    images = dcgan_generator((8, 8, 1), 4, (4, 8))(100 * rng.normal(size=(16, 4)), training=True)
    assert images.dtype == "float32" and 0 <= np.min(images) < 127 < np.max(images) <= 255
    logits = dcgan_discriminator((8, 8, 1), (4, 8))(images)
    assert logits.dtype == "float32" and np.isfinite(logits).all()


def test_the_discriminator_scales_pixels_inside(rng):
    pixels = rng.integers(0, 256, (4, 8, 8, 3), "uint8")
    discriminator = dcgan_discriminator((8, 8, 3), (4, 8))
    np.testing.assert_array_equal(discriminator(pixels), discriminator(pixels.astype("float32")))
    scaled = keras.Model(discriminator.input, discriminator.get_layer("rescaling").output)
    np.testing.assert_allclose(scaled(pixels), pixels / 127.5 - 1, atol=1e-6)


def test_spectral_normalization_brings_every_kernel_to_norm_one(rng):
    discriminator = dcgan_discriminator((8, 8, 3), (4, 8), spectral_normalization=True)
    images = tf.constant(rng.uniform(0, 255, (4, 8, 8, 3)), tf.float32)
    for _ in range(30):  # one power iteration a pass
        discriminator(images, training=True)
    kernels = [weight.numpy() for weight in discriminator.trainable_weights if weight.name == "kernel"]
    assert len(kernels) == 3
    for kernel in kernels:
        assert np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), ord=2) == pytest.approx(1, rel=0.02)


def test_saves_and_loads_with_its_statistics(rng, tmp_path):
    images = rng.uniform(0, 255, (8, 8, 8, 1))
    for model, inputs in (
        (dcgan_generator((8, 8, 1), 4, (4, 8)), rng.normal(size=(8, 4))),
        (dcgan_discriminator((8, 8, 1), (4, 8)), images),
        (dcgan_discriminator((8, 8, 1), (4, 8), spectral_normalization=True), images),
    ):
        model(inputs, training=True)
        model.save(tmp_path / "model.keras")
        np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "model.keras")(inputs), model(inputs))


@pytest.mark.parametrize("build", [dcgan_generator, dcgan_discriminator])
@pytest.mark.parametrize(
    ("shape", "arguments", "message"),
    [
        ((28, 28), {}, r"\(height, width, 1\)"),
        ((4, 8, 1), {}, "at least 8 pixels"),
        ((8, 8, 0), {}, "three positive integers"),
        ((8, 8, 1), {"filters": ()}, "filters="),
        ((8, 8, 1), {"filters": (4, 0)}, "filters="),
    ],
)
def test_says_what_is_out_of_range(build, shape, arguments, message):
    with pytest.raises(ValueError, match=message):
        build(shape, **arguments)


def test_a_latent_has_a_size():
    with pytest.raises(ValueError, match="latent_dim=0"):
        dcgan_generator((8, 8, 1), latent_dim=0)
