import pytest

from keras_ssl.backbones import small_cnn


def test_three_blocks_of_64_128_and_256_by_default():
    model = small_cnn((32, 32, 3))
    shapes = [model.get_layer(f"stage{stage}").output.shape[1:] for stage in (1, 2, 3)]
    assert shapes == [(32, 32, 64), (16, 16, 128), (8, 8, 256)]
    assert model.output_shape == (None, 256)


def test_depth_follows_filters():
    model = small_cnn((8, 8, 1), filters=[4, 8, 8, 16])
    assert model.get_layer("stage4").output.shape[1:] == (1, 1, 16)


@pytest.mark.parametrize("filters", [(), 64, "64", (64, 0), (64, 1.5), None])
def test_refuses_filters_that_are_none(filters):
    with pytest.raises(ValueError, match="Received: filters="):
        small_cnn((8, 8, 1), filters=filters)


def test_refuses_images_that_pooling_would_use_up():
    with pytest.raises(ValueError, match=r"at least 4 pixels(.|\n)*Received: image_shape=\(3, 9, 1\)"):
        small_cnn((3, 9, 1))
