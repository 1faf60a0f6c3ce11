import numpy as np
import pytest
import tensorflow_datasets as tfds

from keras_ssl.data import boxes, masks


class FewScenes(tfds.core.GeneratorBasedBuilder):
    """Two pictures with objects and masks; the second object of each is a crowd."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        objects = {
            "bbox": tfds.features.BBoxFeature(),
            "label": tfds.features.ClassLabel(names=["cat", "dog"]),
            "is_crowd": np.bool_,
        }
        features = {
            "image": tfds.features.Image(shape=(None, None, 3)),
            "objects": tfds.features.Sequence(objects),
            "segmentation_mask": tfds.features.Image(shape=(None, None, 1), use_colormap=True),
        }
        return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(2), "test": self._generate_examples(1)}

    def _generate_examples(self, count):
        box = tfds.features.BBox(ymin=0.25, xmin=0.5, ymax=0.75, xmax=1.0)
        for number in range(count):
            found = [{"bbox": box, "label": number, "is_crowd": crowd} for crowd in (False, True)]
            mask = np.full((8, 16, 1), number + 1, np.uint8)
            yield number, {"image": np.zeros((8, 16, 3), np.uint8), "objects": found, "segmentation_mask": mask}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return str(tmp_path_factory.mktemp("tfds"))


def test_boxes_by_name(data_dir):
    dataset = boxes("few_scenes", image_size=8, resize="pad", data_dir=data_dir)
    ((images, found),) = dataset
    assert images.shape == (2, 8, 8, 3) and dataset.class_names == ["cat", "dog"]
    assert sorted(found["classes"][:, 0].numpy()) == [0, 1] and dataset.left_out == {"crowd": 2}
    # The picture fills the middle half of the height.
    np.testing.assert_allclose(found["boxes"], np.tile([0.375, 0.5, 0.625, 1], (2, 1, 1)))
    with pytest.raises(ValueError, match=r"few_scenes train.*class is unknown.*'dog'"):
        boxes("few_scenes", classes=["cat"], data_dir=data_dir)


def test_masks_by_name(data_dir):
    dataset = masks("few_scenes", split="test", image_size=4, data_dir=data_dir)
    ((images, found),) = dataset
    assert images.shape == (1, 4, 4, 3) and (found.numpy() == 1).all() and found.dtype == np.uint8
    assert dataset.class_names == ["0", "1"]
    with pytest.raises(ValueError, match=r"no class has.*ids \[1\]"):
        masks("few_scenes", split="test", class_names=["a"], data_dir=data_dir)
    with pytest.raises(ValueError, match=r"split='x'"):
        masks("few_scenes", split="x", data_dir=data_dir)
