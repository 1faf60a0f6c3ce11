import json
import sys

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from keras_ssl.data import load, set_epoch

COUNT = 60


class NumberedImages(tfds.core.GeneratorBasedBuilder):
    """Images of one size, whose pixels are their number."""

    VERSION = tfds.core.Version("1.0.0")
    SIZE = (4, 4, 3)

    def _info(self):
        features = {"image": tfds.features.Image(shape=self.SIZE), "label": tfds.features.ClassLabel(num_classes=2)}
        return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(COUNT), "test": self._generate_examples(10)}

    def _generate_examples(self, count):
        for number in range(count):
            size = [side or 3 + number % 2 for side in self.SIZE]
            yield number, {"image": np.full(size, number, np.uint8), "label": number % 2}


class ImagesOfSeveralSizes(NumberedImages):
    SIZE = (None, None, 3)


class NoImages(NumberedImages):
    def _info(self):
        return self.dataset_info_from_configs(features=tfds.features.FeaturesDict({"text": tfds.features.Text()}))

    def _generate_examples(self, count):
        yield 0, {"text": "hello"}


class ImagesWithoutLabels(NumberedImages):
    def _info(self):
        features = {"image": tfds.features.Image(shape=self.SIZE)}
        return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

    def _generate_examples(self, count):
        yield 0, {"image": np.zeros(self.SIZE, np.uint8)}


class CannotBeDownloaded(NumberedImages):
    def _split_generators(self, dl_manager):
        raise OSError("no route to host")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return str(tmp_path_factory.mktemp("tfds"))


@pytest.fixture
def streamed(monkeypatch):
    """Data sets that are too large for memory."""
    monkeypatch.setattr("keras_ssl.data.cache.SHARE_OF_FREE", 0)


def numbers(dataset):
    return np.concatenate([images[:, 0, 0, 0] for images in dataset]).tolist()


def test_a_prepared_data_set_in_memory(data_dir):
    dataset = load("numbered_images", batch_size=20, data_dir=data_dir)
    assert dataset.element_spec == tf.TensorSpec((20, 4, 4, 3), tf.uint8)
    assert len(dataset) == 3
    assert dataset.class_names == ["0", "1"]
    first, second = numbers(dataset), numbers(dataset)
    assert sorted(first) == sorted(second) == list(range(COUNT))
    assert first != second


def test_memory_and_stream_hold_the_same_images_in_the_same_order(data_dir, monkeypatch):
    def epoch():
        return list(load("numbered_images", "train[:50%]+test", 7, labels=True, data_dir=data_dir))

    in_memory = epoch()
    monkeypatch.setattr("keras_ssl.data.cache.SHARE_OF_FREE", 0)
    for (images, labels), (expected_images, expected_labels) in zip(epoch(), in_memory, strict=True):
        np.testing.assert_array_equal(images, expected_images)
        np.testing.assert_array_equal(labels, expected_labels)
        np.testing.assert_array_equal(labels, images[:, 0, 0, 0] % 2)
        assert labels.dtype == tf.int32


@pytest.mark.usefixtures("streamed")
def test_a_stream_is_shuffled_by_seed_and_epoch(data_dir):
    def fresh(seed):
        return load("numbered_images", batch_size=20, seed=seed, data_dir=data_dir)

    dataset = fresh(0)
    assert len(dataset) == 3
    epochs = [numbers(dataset) for _ in range(2)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(COUNT))
    assert epochs[0] != epochs[1]
    again = fresh(0)
    set_epoch(again, 1)
    tf.random.set_seed(99)
    assert numbers(again) == epochs[1]
    assert numbers(fresh(1)) != epochs[0]


@pytest.mark.usefixtures("streamed")
def test_a_stream_is_shuffled_block_by_block(data_dir, monkeypatch):
    monkeypatch.setattr("keras_ssl.data.tfds._BLOCK_BYTES", 1)
    order = numbers(load("numbered_images", batch_size=2, data_dir=data_dir))
    in_file_order = numbers(load("numbered_images", batch_size=2, shuffle=False, data_dir=data_dir))
    assert order != in_file_order
    assert sorted(order) == sorted(in_file_order)
    for start in range(0, COUNT, 16):
        assert sorted(order[start : start + 16]) == sorted(in_file_order[start : start + 16])


def test_images_of_several_sizes_need_a_size(data_dir):
    with pytest.raises(ValueError, match=r"image_size=\(96, 96\).*image_size=None"):
        load("images_of_several_sizes", data_dir=data_dir)
    dataset = load("images_of_several_sizes", batch_size=COUNT, image_size=(6, 5), data_dir=data_dir)
    assert dataset.element_spec.shape == (COUNT, 6, 5, 3)
    assert sorted(numbers(dataset)) == list(range(COUNT))


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("no_images", {}, "feature 'image'.*name='no_images'"),
        ("images_without_labels", {"labels": True}, r"no feature 'label'.*image: Image"),
        ("numbered_images", {"split": "valid"}, r"\['test', 'train'\].*split='valid'"),
        ("numbered_images", {"split": "train[:0]"}, "must hold images, but is empty"),
        ("numbered_image", {}, r"Did you mean numbered_images"),
        ("digit", {}, r"Did you mean digits"),
        ("qqqqqq", {}, r"catalog\). Received: name='qqqqqq'"),
        ("cannot_be_downloaded", {}, "no route to host.*TFDS_DATA_DIR"),
    ],
)
def test_what_is_wrong_is_said(name, arguments, message, data_dir):
    with pytest.raises(ValueError, match=message):
        load(name, data_dir=data_dir, **arguments)


def test_the_environment_names_the_folder(data_dir, monkeypatch):
    load("numbered_images", data_dir=data_dir)
    monkeypatch.setenv("TFDS_DATA_DIR", data_dir)
    monkeypatch.setattr(NumberedImages, "download_and_prepare", lambda self: pytest.fail("must not download"))
    assert len(load("numbered_images", batch_size=COUNT)) == 1


def test_cifar10(tfds_dir):
    dataset = load("cifar10", "test", batch_size=256, labels=True, data_dir=tfds_dir)
    assert len(dataset) == 40
    labels = np.concatenate([labels for _, labels in dataset])
    np.testing.assert_array_equal(np.bincount(labels), [1000] * 10)
    reference = tfds.load("cifar10", split="test[:3]", data_dir=tfds_dir, download=False)
    images, _ = next(iter(dataset))
    for image, example in zip(images[:3], reference, strict=True):
        np.testing.assert_array_equal(image, example["image"])


@pytest.mark.parametrize("key, rest", [("pythonClassName", {}), ("type", {"content": {}})])
def test_data_of_strangers_imports_no_module(key, rest, tmp_path, monkeypatch):
    """features.json names the class of the features, and tensorflow-datasets imports its module."""
    version = tmp_path / "shady" / "1.0.0"
    version.mkdir(parents=True)
    (version / "features.json").write_text(json.dumps({key: "a_strangers_module.Feature", **rest}))
    info = {"name": "shady", "version": "1.0.0", "fileFormat": "tfrecord", "splits": []}
    (version / "dataset_info.json").write_text(json.dumps(info))
    (tmp_path / "a_strangers_module.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match="would import.*names a_strangers_module.Feature"):
        load("shady", data_dir=str(tmp_path))
    assert "a_strangers_module" not in sys.modules
