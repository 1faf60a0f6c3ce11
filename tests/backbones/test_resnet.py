import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.backbones import resnet18, resnet50
from keras_ssl.layers import BatchNormalization


def trainable_parameters(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


# The well-known 11 689 512 and 25 557 032 for 1000 classes, less the classifier's 512 000 and 2 048 000 weights and
# 1000 biases.
@pytest.mark.parametrize("resnet, parameters", [(resnet18, 11_689_512 - 513_000), (resnet50, 25_557_032 - 2_049_000)])
def test_has_the_parameters_of_the_paper(resnet, parameters):
    assert trainable_parameters(resnet((224, 224, 3))) == parameters


def stage_sizes(model):
    return [model.get_layer(name).output.shape[1:] for name in ("stem", "stage1", "stage2", "stage3", "stage4")]


def test_small_images_keep_their_size_in_the_stem():
    assert stage_sizes(resnet18((32, 32, 3))) == [
        (32, 32, 64),
        (32, 32, 64),
        (16, 16, 128),
        (8, 8, 256),
        (4, 4, 512),
    ]


def test_large_images_go_through_the_stem_of_imagenet():
    assert stage_sizes(resnet50((224, 224, 3), width=16)) == [
        (112, 112, 16),
        (56, 56, 64),
        (28, 28, 128),
        (14, 14, 256),
        (7, 7, 512),
    ]


@pytest.mark.parametrize("shape, small", [((64, 64, 3), True), ((64, 300, 3), True), ((65, 65, 3), False)])
def test_auto_stem_looks_at_the_shorter_side(shape, small):
    stem = resnet18(shape, width=2).get_layer("stem_conv")
    assert (stem.kernel_size, stem.strides) == (((3, 3), (1, 1)) if small else ((7, 7), (2, 2)))


def test_the_stem_can_be_chosen():
    assert resnet18((96, 96, 3), width=2, stem="small").get_layer("stage4").output.shape[1:3] == (12, 12)
    assert resnet18((32, 32, 3), width=2, stem="large").get_layer("stage4").output.shape[1:3] == (1, 1)


def test_resnet50_strides_in_its_3x3():
    model = resnet50((32, 32, 3), width=2)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    strided = {layer.name: layer.kernel_size for layer in convolutions if layer.strides == (2, 2)}
    assert strided == {f"stage{stage}_block1_2_conv": (3, 3) for stage in (2, 3, 4)}


@pytest.mark.parametrize("resnet, block", [(resnet18, "stage2_block1"), (resnet50, "stage3_block1")])
def test_a_shortcut_with_strides_is_a_1x1_convolution_of_every_other_pixel(resnet, block, rng):
    model = resnet((21, 32, 3), width=4)
    before = model.get_layer(f"stage{int(block[5]) - 1}")
    taps = keras.Model(model.input, [before.output, model.get_layer(f"{block}_shortcut_conv").output])
    x, shortcut = taps(rng.uniform(0, 255, (2, 21, 32, 3)))
    kernel = model.get_layer(f"{block}_shortcut_conv").kernel
    np.testing.assert_allclose(shortcut, tf.nn.conv2d(x, kernel, 2, "SAME"), rtol=1e-4, atol=1e-5)


def test_resnet50_has_32_features_per_width(rng):
    model = resnet50((8, 8, 2), width=2)
    features = model(rng.integers(0, 256, (2, 8, 8, 2), "uint8"), training=True)
    assert features.shape == (2, 64)
    assert np.isfinite(features).all()


def test_convolutions_have_no_bias():
    model = resnet18((32, 32, 3), width=2)
    assert not any(layer.use_bias for layer in model.layers if isinstance(layer, keras.layers.Conv2D))


def test_he_initialization():
    # The variance of a kernel is 2 / fan_out: 3 * 3 * 128 here.
    kernel = resnet18((32, 32, 3)).get_layer("stage2_block2_1_conv").kernel.numpy()
    np.testing.assert_allclose(kernel.std(), np.sqrt(2 / (9 * 128)), rtol=0.01)
    np.testing.assert_allclose(kernel.mean(), 0, atol=1e-3)


@pytest.mark.parametrize("training", [False, True])
def test_blocks_can_start_as_the_identity(training, rng):
    # Stage 1 has no shortcut to learn, so that ReLU(x + 0) = x for an x that a ReLU gave.
    model = resnet18((8, 8, 3), width=4, zero_init_residual=True)
    taps = keras.Model(model.input, [model.get_layer("stem").output, model.get_layer("stage1").output])
    stem, stage1 = taps(rng.uniform(0, 255, (4, 8, 8, 3)), training=training)
    np.testing.assert_array_equal(stem, stage1)


def test_all_blocks_take_part_from_the_start(rng):
    model = resnet18((8, 8, 3), width=4)
    taps = keras.Model(model.input, [model.get_layer("stem").output, model.get_layer("stage1").output])
    stem, stage1 = taps(rng.uniform(0, 255, (4, 8, 8, 3)))
    assert np.abs(stem - stage1).max() > 0.01


def test_synchronized_reaches_every_normalization():
    for synchronized in (True, False):
        model = resnet50((32, 32, 3), width=2, synchronized=synchronized)
        norms = [layer for layer in model.layers if isinstance(layer, BatchNormalization)]
        assert len(norms) == 53
        assert {layer.synchronized for layer in norms} == {synchronized}


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"width": 0}, "Received: width=0"),
        ({"width": 1.5}, r"Received: width=1\.5"),
        ({"width": True}, "Received: width=True"),
        ({"stem": "cifar"}, "Received: stem='cifar'"),
        ({"image_shape": (7, 32, 3)}, r"divides height and width by 8(.|\n)*Received: image_shape=\(7, 32, 3\)"),
        ({"image_shape": (31, 99, 3), "stem": "large"}, "divides height and width by 32"),
    ],
)
def test_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        resnet18(**{"image_shape": (32, 32, 3), **arguments})
