import warnings

import keras
import pytest

from keras_ssl.checks.networks import (
    check_adversaries,
    check_decoder,
    check_encoder,
    check_head,
    warn_without_batch_normalization,
)

layers = keras.layers


def dense(inputs, outputs):
    return keras.Sequential([keras.Input((inputs,)), layers.Dense(outputs)])


def image_encoder(*more):
    return keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 1), *more])


def drawing(latents, shape):
    return keras.Sequential([keras.Input((latents,)), layers.Dense(shape[0] ** 2 * shape[2]), layers.Reshape(shape)])


def judging(shape, outputs=1):
    return keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(outputs)])


def test_what_fits_passes():
    assert check_encoder(image_encoder(layers.GlobalAveragePooling2D())) == ((None, None, 3), 4)
    check_head("projector", dense(4, 2), 4, 2)
    check_decoder(drawing(4, (2, 2, 3)), 4, (2, 2, 3))
    check_adversaries((2, 2, 3), drawing(5, (2, 2, 3)), judging((2, 2, 3)), 5)


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        (lambda: "resnet", "must be a keras.Model"),
        (lambda: keras.Sequential([layers.Dense(2)]), "must know its input"),
        (lambda: dense(3, 2), "one input of images"),
        (image_encoder, "one feature vector per image"),
    ],
)
def test_encoders_that_do_not_fit_are_refused(encoder, message):
    with pytest.raises(ValueError, match=message + "(.|\n)*Received: "):
        check_encoder(encoder())


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda: check_head("projector", keras.Sequential([layers.Dense(2)]), 4), "projector must be a built"),
        (lambda: check_head("projector", dense(3, 2), 4), "takes vectors of 3 and is given vectors of 4"),
        (lambda: check_head("projector", dense(4, 2), 4, 3), "must give vectors of 3"),
        (lambda: check_decoder(None, 4, (2, 2, 3)), "decoder must be a built"),
        (lambda: check_decoder(drawing(5, (2, 2, 3)), 4, (2, 2, 3)), "given codes of shape"),
        (lambda: check_decoder(drawing(4, (3, 3, 3)), 4, (2, 2, 3)), "as large as the encoder's"),
        (lambda: check_adversaries((2, 2, 3), None, judging((2, 2, 3)), 5), "generator must be a built"),
        (lambda: check_adversaries((2, 2, 3), drawing(5, (2, 2, 3)), judging((2, 2, 3)), 6), "must take one vector"),
        (lambda: check_adversaries((2, 2, 3), drawing(5, (3, 3, 3)), judging((2, 2, 3)), 5), "must draw images"),
        (lambda: check_adversaries((2, 2, 3), drawing(5, (2, 2, 3)), judging((2, 2, 3), 2), 5), "one logit"),
    ],
)
def test_other_networks_that_do_not_fit_are_refused(check, message):
    with pytest.raises(ValueError, match=message + "(.|\n)*Received: "):
        check()


def test_only_networks_without_batch_normalization_are_warned_about():
    with pytest.warns(UserWarning, match="in the encoder or a head, object tends"):
        warn_without_batch_normalization(object(), dense(2, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        normalized = keras.Sequential([keras.Input((2,)), keras.Sequential([layers.BatchNormalization()])])
        warn_without_batch_normalization(object(), dense(2, 2), normalized)
