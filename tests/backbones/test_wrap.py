import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.backbones import wrap

applications = keras.applications


@pytest.fixture
def pixels(rng):
    return rng.integers(0, 256, (2, 16, 16, 3), "uint8")


def feature_map(shape=(16, 16, 3), channels=5):
    """A backbone from images to (batch, h, w, channels)."""
    images = keras.Input(shape)
    return keras.Model(images, keras.layers.Conv2D(channels, 3, strides=2)(images), name="backbone")


def tokens():
    """A backbone from images to (batch, 16, 48) tokens."""
    images = keras.Input((16, 16, 3))
    return keras.Model(images, keras.layers.Reshape((16, 48))(images), name="tokens")


def several(structure):
    images = keras.Input((16, 16, 3))
    outputs = {"map": keras.layers.Conv2D(5, 3)(images), "flat": keras.layers.Flatten()(images)}
    return keras.Model(images, structure(outputs), name="several")


@pytest.mark.parametrize(
    "preprocess, module",
    [
        (applications.mobilenet_v2.preprocess_input, "mobilenet_v2"),
        (applications.resnet50.preprocess_input, "resnet"),
        (applications.densenet.preprocess_input, "densenet"),
        ("convnext", "convnext"),
    ],
)
def test_preprocesses_as_keras_applications_do(preprocess, module, pixels, tmp_path):
    backbone = feature_map()
    encoder = wrap(backbone, preprocess)
    by_hand = getattr(applications, module).preprocess_input(pixels.astype("float32"))
    np.testing.assert_allclose(encoder(pixels), np.mean(backbone(by_hand), (1, 2)), rtol=1e-4, atol=1e-4)
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(loaded(pixels), encoder(pixels))


def test_preprocesses_by_a_layer_or_not_at_all(pixels):
    backbone = feature_map()
    scaled = wrap(backbone, keras.layers.Rescaling(1 / 255))(pixels)
    np.testing.assert_allclose(scaled, np.mean(backbone(pixels / 255.0), (1, 2)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(wrap(backbone)(pixels), np.mean(backbone(pixels), (1, 2)), rtol=1e-4, atol=1e-3)


def test_a_real_backbone_shares_its_weights(rng):
    backbone = applications.MobileNet((32, 32, 3), include_top=False, weights=None, alpha=0.25)
    encoder = wrap(backbone, applications.mobilenet.preprocess_input)
    assert encoder.output_shape == (None, 256)
    assert encoder.name == backbone.name
    # Training mode reaches the backbone's layers.
    statistics = backbone.get_layer("conv1_bn").moving_mean.numpy()
    encoder(rng.integers(0, 256, (2, 32, 32, 3), "uint8"), training=True)
    assert np.all(backbone.get_layer("conv1_bn").moving_mean.numpy() != statistics)


def test_exports_with_its_preprocessing(pixels, tmp_path):
    encoder = wrap(feature_map(), "resnet")
    encoder.export(tmp_path / "export", verbose=False)
    exported = tf.saved_model.load(tmp_path / "export")
    np.testing.assert_allclose(exported.serve(pixels.astype("float32")), encoder(pixels), rtol=1e-4, atol=1e-4)


def test_tokens_are_averaged_or_the_first_is_taken(pixels, tmp_path):
    expected = pixels.reshape(2, 16, 48).astype("float32")
    np.testing.assert_allclose(wrap(tokens())(pixels), expected.mean(1), rtol=1e-5)
    encoder = wrap(tokens(), pooling="cls")
    np.testing.assert_array_equal(encoder(pixels), expected[:, 0])
    encoder.save(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "encoder.keras")(pixels), expected[:, 0])


@pytest.mark.parametrize(
    "structure, output", [(dict, "map"), (lambda outputs: list(outputs.values()), 0)], ids=["dict", "list"]
)
def test_one_of_several_outputs(structure, output, pixels):
    backbone = several(structure)
    expected = np.mean(backbone(pixels)[output], (1, 2))
    np.testing.assert_allclose(wrap(backbone, output=output)(pixels), expected, rtol=1e-5)
    with pytest.raises(ValueError, match=r"several outputs: choose one(.|\n)*Received: output=None"):
        wrap(backbone)


def test_features_of_rank_2_pass_as_they_are(pixels):
    encoder = wrap(several(dict), output="flat")
    np.testing.assert_array_equal(encoder(pixels), pixels.reshape(2, -1).astype("float32"))


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_float32_features_under_mixed_precision(policy, pixels):
    keras.config.set_dtype_policy(policy)
    assert wrap(feature_map())(pixels).dtype == "float32"
    assert wrap(tokens(), pooling="cls")(pixels).dtype == "float32"
    assert wrap(several(dict), output="flat")(pixels).dtype == "float32"


@keras.saving.register_keras_serializable("keras_ssl_tests")
class Subclassed(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv = keras.layers.Conv2D(4, 3)

    def call(self, images):
        return self.conv(images)


def test_open_shapes_are_fixed_by_image_shape(pixels):
    for backbone in (feature_map((None, None, 3)), Subclassed()):
        assert wrap(backbone, image_shape=(16, 16, 3)).input_shape == (None, 16, 16, 3)
        with pytest.raises(ValueError, match=r"give image_shape=(.|\n)*Received: image_shape=None"):
            wrap(backbone if backbone.name == "backbone" else Subclassed())


def test_refuses_what_is_no_backbone():
    with pytest.raises(TypeError, match="Received: model="):
        wrap(keras.layers.Dense(3))
    classifier = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(3, "softmax")])
    with pytest.raises(ValueError, match="ends in a classifier"):
        wrap(classifier)
    left, right = keras.Input((8, 8, 3), name="left"), keras.Input((8, 8, 3), name="right")
    with pytest.raises(ValueError, match=r"images and nothing else(.|\n)*\['left', 'right'\]"):
        wrap(keras.Model([left, right], keras.layers.Add()([left, right])))


def test_refuses_outputs_that_cannot_be_pooled():
    with pytest.raises(ValueError, match=r"Received: pooling='max'"):
        wrap(feature_map(), pooling="max")
    with pytest.raises(ValueError, match=r"Received: pooling='cls' and an output of shape \(None, 7, 7, 5\)"):
        wrap(feature_map(), pooling="cls")
    with pytest.raises(ValueError, match="has one output"):
        wrap(feature_map(), output=0)


@pytest.mark.parametrize("preprocess", [lambda x: x / 255.0, 255])
def test_refuses_preprocessing_that_cannot_be_saved(preprocess):
    with pytest.raises(TypeError, match="Received: preprocess="):
        wrap(feature_map(), preprocess)


def test_refuses_an_unknown_family():
    with pytest.raises(ValueError, match=r"resnet_v2(.|\n)*Received: family='resnet18'"):
        wrap(feature_map(), "resnet18")
