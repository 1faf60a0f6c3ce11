import keras
import pytest

from keras_ssl.backbones import conv_encoder


def test_every_block_halves_the_image_and_the_code_is_linear():
    encoder = conv_encoder((28, 28, 1), (4, 8, 16), units=7)
    assert [encoder.get_layer(f"stage{i}").output.shape[1:] for i in (1, 2, 3)] == [
        (14, 14, 4),
        (7, 7, 8),
        (4, 4, 16),
    ]
    assert encoder.output_shape == (None, 7)
    assert encoder.layers[-1].activation is keras.activations.linear


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"image_shape": (4, 4, 1)}, "divides height and width by 8.*Received: image_shape=.4, 4, 1."),
        ({"image_shape": (32, 32, 3), "units": 0}, "units must be a positive integer. Received: units=0"),
        ({"image_shape": (32, 32, 3), "filters": ()}, "Received: filters="),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        conv_encoder(**arguments)
