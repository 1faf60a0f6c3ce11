import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_ssl.data import masks, resize_images
from keras_ssl.data.mask_file import read_mask
from keras_ssl.data.resize_masks import resize_mask


@pytest.fixture
def pairs(tmp_path, rng):
    """A folder with the split train: two pictures of 12 × 16 pixels, and masks of the ids 0 to 2."""
    for place in ("images", "masks"):
        (tmp_path / "train" / place).mkdir(parents=True)
    for name in "ab":
        save(tmp_path, name, rng.integers(0, 3, (12, 16), np.uint8))
        Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8)).save(
            tmp_path / "train" / "images" / f"{name}.jpg"
        )
    return tmp_path


def save(folder, name, ids):
    Image.fromarray(ids).save(folder / "train" / "masks" / f"{name}.png")


def test_pairs_by_name(pairs):
    dataset = masks(pairs / "train" / "images", pairs / "train" / "masks", image_size=(12, 16))
    ((images, found),) = dataset
    assert images.shape == (2, 12, 16, 3) and found.shape == (2, 12, 16) and found.dtype == tf.uint8
    assert dataset.class_names == ["0", "1", "2"] and dataset.ignore_class == 255
    for name, mask in zip("ab", found, strict=True):
        np.testing.assert_array_equal(mask, Image.open(pairs / "train" / "masks" / f"{name}.png"))


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
def test_cached_and_streamed_masks_are_the_same(resize, pairs):
    kept, streamed = (
        masks(pairs, None, 2, (10, 20), split="train", resize=resize, cache=cache) for cache in ("memory", "none")
    )
    for one, other in zip(kept, streamed, strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, one, other)
    assert kept.epoch.numpy() == 1 and kept.shuffled


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("size", [(12, 16), (9, 30), (31, 8)])
def test_masks_move_with_the_picture(resize, size):
    ids = np.zeros(size, np.uint8)
    ids[: size[0] // 2, : size[1] // 3] = 1
    moved = resize_mask(tf.constant(ids), (24, 24), resize, 255).numpy()
    white = resize_images(np.ones((1, *size, 1), np.float32), (24, 24), resize).numpy()[0, ..., 0]
    picture = resize_images(np.float32(ids)[None, ..., None], (24, 24), resize).numpy()[0, ..., 0]
    np.testing.assert_array_equal(moved == 255, white == 0)
    sure = np.abs(picture - 0.5) > 0.49
    assert sure.mean() > 0.5
    np.testing.assert_array_equal((moved == 1)[sure], picture[sure] > 0.5)


def test_nearest_neighbor_from_the_definition(rng):
    ids = rng.integers(0, 9, (7, 5), np.uint8)
    rows = np.floor((np.arange(13) + 0.5) * 7 / 13).astype(int)
    columns = np.floor((np.arange(4) + 0.5) * 5 / 4).astype(int)
    np.testing.assert_array_equal(resize_mask(tf.constant(ids), (13, 4)), ids[rows][:, columns])


def test_palettes_and_few_bits_are_ids(tmp_path):
    ids = np.array([[0, 1], [3, 2]], np.uint8)
    image = Image.fromarray(ids).convert("P")
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 9, 9, 9])
    image.putdata(ids.ravel().tolist())
    image.save(tmp_path / "palette.png", bits=2)
    np.testing.assert_array_equal(read_mask(str(tmp_path / "palette.png")), ids)
    Image.fromarray(ids == 1).save(tmp_path / "one_bit.png")
    np.testing.assert_array_equal(read_mask(str(tmp_path / "one_bit.png")), ids == 1)


@pytest.mark.parametrize(
    ("spoil", "name", "message"),
    [
        (lambda path: save(path, "a", np.full((12, 16), 7, np.uint8)), "a.png", r"ids \[7\]"),
        (lambda path: save(path, "a", np.zeros((16, 12), np.uint8)), "a.png", r"size of its picture.*\(16, 12\)"),
        (lambda path: save(path, "a", np.zeros((12, 16, 3), np.uint8)), "a.png", "the mode 'RGB'"),
        (lambda path: (path / "train" / "masks" / "a.png").write_bytes(b"no"), "a.png", "mask cannot be read"),
        (lambda path: (path / "train" / "masks" / "a.png").unlink(), "a.jpg", r"no mask.*no a\.png"),
        (lambda path: (path / "train" / "images" / "a.jpg").unlink(), "a.png", r"no picture.*no a\."),
    ],
)
def test_bad_masks_are_named(spoil, name, message, pairs):
    spoil(pairs)
    with pytest.raises(ValueError, match=rf"{name}' cannot be used.*{message}"):
        masks(pairs, split="train", class_names=["x", "y", "z"])


def test_bad_masks_are_skipped_and_counted(pairs):
    save(pairs, "a", np.full((12, 16), 7, np.uint8))
    with pytest.warns(UserWarning, match=r"Skipped 1 .*a\.png"):
        dataset = masks(pairs, split="train", class_names=["x", "y", "z"], on_error="skip")
    assert len(dataset.file_paths) == 1 and dataset.class_names == ["x", "y", "z"]


def test_the_ignored_class_needs_no_name_and_fills_the_bars(pairs):
    dataset = masks(pairs, None, 2, (12, 32), split="train", class_names=["x", "y"], ignore_class=2, resize="pad")
    ((_, found),) = dataset
    assert (found.numpy()[:, :, :8] == 2).all() and (found.numpy()[:, :, 8:24] < 2).any()


@pytest.mark.parametrize(
    "arguments", [{"ignore_class": 256}, {"class_names": []}, {"resize": "zoom"}, {"masks": "b"}, {"split": None}]
)
def test_arguments_are_checked(arguments, pairs):
    with pytest.raises(ValueError, match="Received: "):
        masks(pairs, **{"split": "train", **arguments})
