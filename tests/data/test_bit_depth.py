import warnings

import numpy as np
import pytest
from PIL import Image

from keras_ssl.data import from_directory


@pytest.fixture
def folder_of(tmp_path, deep_png):
    def make(*images):
        for number, values in enumerate(images):
            (tmp_path / f"{number}.png").write_bytes(deep_png(values))
        return tmp_path

    return make


def test_a_folder_that_would_be_nearly_black_is_refused_with_the_numbers_seen(folder_of, rng):
    folder = folder_of([[17, 4003]], rng.integers(0, 4000, (5, 5)))
    with pytest.raises(ValueError, match=r"largest value in 2 of them is 4003.*bits=12 \(pretrain --bits 12\)"):
        from_directory(folder, image_size=4)
    (images,) = from_directory(folder, image_size=(1, 2), bits=12, shuffle=False)
    assert images[0, 0, :, 0].numpy().tolist() == [17 >> 4, 4003 >> 4]


@pytest.mark.parametrize(("largest", "bits"), [(200, 8), (1023, 10), (1024, 12), (16383, 14)])
def test_the_bits_that_hold_them_are_proposed(largest, bits, folder_of):
    with pytest.raises(ValueError, match=f"bits={bits} "):
        from_directory(folder_of([[largest]]))


def test_a_dark_file_among_bright_ones_is_named_with_the_bits_to_read_it_by(folder_of):
    folder = folder_of([[60000]], [[17, 4003]], [[0]], [[40000]])
    with pytest.warns(UserWarning, match=r"^1 of 4 files .* is 4003\. The first is '.*1\.png'.*bits=12 ") as caught:
        from_directory(folder, image_size=1)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        from_directory(folder, image_size=1, bits=16)


def test_others_are_read_as_they_are(folder_of):
    folder = folder_of([[0, 0]], [[3, 60000]])
    (images,) = from_directory(folder, image_size=(1, 2), shuffle=False)
    assert images[1, 0, :, 0].numpy().tolist() == [0, 60000 >> 8]
    folder = folder_of([[3000]], [[3000]])
    (images,) = from_directory(folder, image_size=1, bits=16)
    assert images.numpy().max() == 3000 >> 8


def test_files_that_say_their_bits_and_files_of_8_bits_are_not_refused(tmp_path, deep_png):
    (tmp_path / "says.png").write_bytes(deep_png([[4000, 5]], [12]))
    Image.fromarray(np.full((2, 2), 9, np.uint8)).save(tmp_path / "8.png")
    (tmp_path / "z.png").write_bytes(deep_png([[4000]])[:40])
    dataset = from_directory(tmp_path, image_size=(1, 2), shuffle=False, batch_size=1)
    assert [images.numpy().max() for images in dataset.take(2)] == [9, 4000 >> 4]
