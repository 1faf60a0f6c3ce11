import os

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_ssl.data import decode_and_resize, from_directory, set_epoch

LEVELS = {f"{name}/{number}.png": 40 * number + base for name, base in (("a", 0), ("b", 20)) for number in range(5)}


def levels(dataset):
    return np.concatenate([images[:, 0, 0, 0] for images in dataset]).tolist()


def test_unlabelled_images_are_shuffled_anew_in_each_epoch(folder):
    dataset = from_directory(folder(LEVELS), batch_size=5, image_size=4)
    assert dataset.element_spec == tf.TensorSpec((5, 4, 4, 3), tf.uint8)
    assert len(dataset) == 2
    assert dataset.class_names is None
    first, second = levels(dataset), levels(dataset)
    assert sorted(first) == sorted(second) == sorted(LEVELS.values())
    assert first != second
    set_epoch(dataset, 0)
    assert levels(dataset) == first


def test_labelled_images_come_in_the_order_of_their_names(folder):
    dataset = from_directory(folder(LEVELS), batch_size=4, image_size=(4, 4), labels=True)
    batches = list(dataset)
    assert levels([images for images, _ in batches]) == list(LEVELS.values())
    assert np.concatenate([labels for _, labels in batches]).tolist() == [0] * 5 + [1] * 5
    assert batches[0][1].dtype == tf.int32
    assert dataset.class_names == ["a", "b"]
    assert [os.path.relpath(path, os.path.commonpath(dataset.file_paths)) for path in dataset.file_paths] == list(
        LEVELS
    )


def test_labels_stay_with_their_images_when_shuffled(folder):
    dataset = from_directory(folder(LEVELS), batch_size=5, image_size=4, labels=True, shuffle=True)
    for images, labels in dataset:
        np.testing.assert_array_equal(images[:, 0, 0, 0] // 20 % 2, labels)


@pytest.mark.parametrize(("resize", "channels"), [("stretch", 3), ("crop", 1), ("pad", 3)])
def test_images_are_what_decode_and_resize_makes_of_them(resize, channels, folder, rng):
    path = folder({})
    pixels = rng.integers(0, 256, (9, 14, 3), dtype=np.uint8)
    content = tf.io.encode_jpeg(pixels)
    tf.io.write_file(str(path / "photo.jpg"), content)
    (images,) = from_directory(path, image_size=(5, 6), channels=channels, resize=resize)
    np.testing.assert_array_equal(images[0], decode_and_resize(content, (5, 6), channels, resize))


def spoil(path):
    """Two bad files among ten: an empty one, and one cut in half."""
    (path / "a" / "2.png").write_bytes(b"")
    content = (path / "b" / "4.png").read_bytes()
    (path / "b" / "4.png").write_bytes(content[: len(content) // 2])
    return path


def test_a_bad_file_is_named_with_the_reason_and_what_to_do(folder):
    dataset = from_directory(spoil(folder(LEVELS)), batch_size=5, image_size=4, shuffle=False)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"a/2\.png \(The image is empty.*Delete.*on_error"):
        list(dataset)


@pytest.mark.parametrize("batch_size", [3, 9])
def test_a_bad_file_at_the_very_end_is_named_too(batch_size, folder):
    path = spoil(folder(LEVELS))
    (path / "a" / "2.png").unlink()
    dataset = from_directory(path, batch_size, image_size=4, shuffle=False)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"b/4\.png \(Invalid PNG"):
        list(dataset)


def test_files_that_are_all_bad_are_an_error(folder):
    path = folder({})
    for name in "abc":
        (path / f"{name}.png").write_bytes(b"no image")
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"a\.png \(This is no image of a known kind"):
        list(from_directory(path, image_size=4, shuffle=False))
    with pytest.raises(ValueError, match=r"None of 3 image files can be read.*a\.png"):
        from_directory(path, image_size=4, on_error="skip")


def test_a_bad_file_is_named_by_fit(folder):
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile(loss="mse")
    dataset = from_directory(spoil(folder(LEVELS)), batch_size=5, image_size=4, labels=True)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"a/2\.png \(The image is empty"):
        model.fit(dataset, verbose=0)


def test_bad_files_are_skipped_counted_and_listed(folder):
    path = spoil(folder(LEVELS))
    with pytest.warns(UserWarning, match=r"Skipped 2 of 10 image files.*a/2\.png'.*empty") as caught:
        dataset = from_directory(path, batch_size=4, image_size=4, labels=True, on_error="skip")
    assert len(caught) == 1
    assert list(dataset.skipped) == [str(path / "a" / "2.png"), str(path / "b" / "4.png")]
    assert "empty" in dataset.skipped[str(path / "a" / "2.png")]
    assert len(dataset) == len(list(dataset)) == 2
    assert levels([images for images, _ in dataset]) == [
        level for name, level in LEVELS.items() if name not in ("a/2.png", "b/4.png")
    ]
    assert np.concatenate([labels for _, labels in dataset]).tolist() == [0] * 4 + [1] * 4
    assert len(dataset.file_paths) == 8


def test_nothing_to_skip_is_no_warning(folder, recwarn):
    dataset = from_directory(folder(LEVELS), image_size=4, on_error="skip")
    assert dataset.skipped == {}
    assert not recwarn.list


def test_an_image_bomb_in_a_folder_is_refused(folder):
    path = folder(LEVELS, size=(40, 50))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"a/0\.png.*max_pixels=1999 pixels"):
        list(from_directory(path, image_size=4, max_pixels=1999, shuffle=False, batch_size=1))
    assert levels(from_directory(path, image_size=4, max_pixels=2000, shuffle=False)) == list(LEVELS.values())


def test_a_file_that_vanishes_is_named(folder):
    path = folder(LEVELS)
    dataset = from_directory(path, batch_size=5, image_size=4)
    (path / "b" / "1.png").unlink()
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"b/1\.png.*No such file"):
        list(dataset)


def test_names_that_are_not_ascii(folder):
    (images,) = from_directory(folder({"ä ö/日本 1.png": 7}), image_size=4)
    assert levels([images]) == [7]


def test_it_can_be_distributed(folder, two_replicas):
    dataset = from_directory(folder(LEVELS), batch_size=6, image_size=4, labels=True)
    seen = []
    for images, _ in two_replicas.experimental_distribute_dataset(dataset):
        seen.extend(two_replicas.experimental_local_results(images))
    assert levels(seen) == list(LEVELS.values())


def test_folders_without_images_say_so(tmp_path):
    with pytest.raises(ValueError, match=r"'\.png'.*It holds no files"):
        from_directory(tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(ValueError, match="none of them an image"):
        from_directory(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"does not exist.*nowhere"):
        from_directory(tmp_path / "nowhere")
    with pytest.raises(NotADirectoryError, match=r"is a file.*notes\.txt"):
        from_directory(tmp_path / "notes.txt")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"on_error": "ignore"}, "on_error='ignore'"),
        ({"resize": "zoom"}, "resize='zoom'"),
        ({"channels": 2}, "channels=2"),
        ({"image_size": (0, 4)}, r"image_size=\(0, 4\)"),
        ({"max_pixels": -1}, "max_pixels=-1"),
        ({"batch_size": 0}, "batch_size=0"),
    ],
)
def test_arguments_are_checked_before_the_first_image(arguments, message, folder):
    with pytest.raises(ValueError, match=message):
        from_directory(folder({"a.png": 0}), **{"image_size": 4, **arguments})


@pytest.mark.parametrize("rare", [1, 12])
def test_rare_kinds_among_plain_ones_are_read_as_decode_and_resize_does(rare, folder, rng):
    path = folder({f"{number:02}.png": number for number in range(40)})
    exif = Image.Exif()
    exif[0x0112] = 6
    # At these positions a sample of the folder sees many, or misses the one.
    for number in [31] if rare == 1 else range(rare):
        picture = Image.fromarray(rng.integers(0, 256, (30, 20, 3), dtype=np.uint8))
        picture.save(path / f"{number:02}.webp", lossless=True)
        picture.save(path / f"{number:02}.jpg", exif=exif)
    dataset = from_directory(path, image_size=(4, 5), channels=1, shuffle=False)
    (images,) = dataset
    for image, file in zip(images, dataset.file_paths, strict=True):
        np.testing.assert_array_equal(image, decode_and_resize(tf.io.read_file(file), (4, 5), channels=1))


def test_photographs_with_exif_take_the_quick_way(folder, rng, monkeypatch):
    path = folder({})
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = Image.fromarray(rng.integers(0, 256, (30, 20, 3), dtype=np.uint8))
    picture.save(path / "photo.jpg", exif=exif, icc_profile=bytes(500))
    expected = decode_and_resize(tf.io.read_file(str(path / "photo.jpg")), (4, 5))
    monkeypatch.setattr("keras_ssl.data.reader.decode_image", lambda *arguments: pytest.fail("the slow way"))
    (images,) = from_directory(path, image_size=(4, 5))
    np.testing.assert_array_equal(images[0], expected)
