"""Each mistake is said before anything is written."""

import keras
import numpy as np
import pytest

from keras_ssl import export


@pytest.fixture
def refused(tmp_path, make_encoder):
    def refused(match, encoder=None, path=tmp_path / "models", error=ValueError, **kwargs):
        with pytest.raises(error, match=match):
            export.saved_model(make_encoder() if encoder is None else encoder, path, **kwargs)
        assert list(tmp_path.rglob("saved_model.pb")) == []

    return refused


def test_encoder_is_no_model(refused):
    refused("must be a keras.Model", encoder="encoder.keras")


def test_encoder_has_no_weights_yet(refused):
    refused(
        "must know its input and output shapes",
        encoder=keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2)]),
    )


def test_encoder_of_two_inputs(refused):
    a, b = keras.Input((4, 4, 3)), keras.Input((4, 4, 3))
    refused("one input", encoder=keras.Model([a, b], keras.layers.Flatten()(a + b)))


def test_encoder_of_vectors(refused, make_classifier):
    refused("one input of images", encoder=make_classifier())


def test_encoder_of_feature_maps(refused):
    images = keras.Input((8, 8, 3))
    refused("pool", encoder=keras.Model(images, keras.layers.Conv2D(2, 3)(images)))


def test_encoder_that_does_not_know_its_shape(refused):
    class Subclassed(keras.Model):
        def __init__(self):
            super().__init__()
            self.flatten = keras.layers.Flatten()

        def call(self, images):
            return self.flatten(images)

    encoder = Subclassed()
    encoder(np.zeros((1, 4, 4, 3)))
    refused("must know its input and output shapes", encoder=encoder)


def test_a_method_instead_of_its_encoder(refused, make_encoder):
    class Method(keras.Model):
        def __init__(self, encoder):
            super().__init__()
            self.encoder = encoder

    refused(r"pass model\.encoder", encoder=Method(make_encoder()))


def test_classifier_of_another_width(refused, make_classifier):
    refused(r"\(None, 5\).*\(batch, 8\)", classifier=make_classifier(features=5))


def test_classifier_that_is_no_keras_model(refused):
    refused("must be a keras.Model", classifier=object(), error=TypeError)


@pytest.mark.parametrize("activation", [None, "sigmoid"])
def test_classifier_without_probabilities(refused, activation):
    classifier = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3, activation=activation)])
    refused("softmax", classifier=classifier)


def test_class_names(refused, make_classifier):
    refused("3 classes.*2 names", classifier=make_classifier(), class_names=["cat", "dog"])
    refused("list of strings", classifier=make_classifier(), class_names=[1, 2, 3], error=TypeError)
    refused("list of strings", classifier=make_classifier(), class_names="abc", error=TypeError)
    refused("pass `classifier`", class_names=["cat", "dog"])


def test_image_size(refused, make_encoder):
    refused(r"pass `image_size=\(height, width\)`", encoder=make_encoder((None, None, 3)))
    refused("the encoder's own", image_size=(32, 32))
    refused("positive integers", encoder=make_encoder((None, None, 3)), image_size=(0, 8))


def test_resize(refused):
    refused("resize='squeeze'", resize="squeeze")


def test_path(refused, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    refused("must be a folder", path=file)
    refused("must be a folder", path=file / "deeper")
    refused("local disk", path="gs://bucket/models")


def test_metadata(refused):
    refused("must be JSON", metadata={"when": object()}, error=TypeError)
    refused("must be JSON", metadata={"loss": float("nan")})
    refused("must be a dict", metadata=["simclr"], error=TypeError)
