import json

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from keras_ssl.data import boxes, resize_images, set_epoch
from keras_ssl.data.boxes import move_boxes

HEIGHT, WIDTH = 30, 40


def voc_object(name, xmin, ymin, xmax, ymax, difficult=0):
    edges = "".join(
        f"<{edge}>{value}</{edge}>"
        for edge, value in zip(("xmin", "ymin", "xmax", "ymax"), (xmin, ymin, xmax, ymax), strict=True)
    )
    return f"<object><name>{name}</name><difficult>{difficult}</difficult><bndbox>{edges}</bndbox></object>"


def annotation(*objects, size=(HEIGHT, WIDTH)):
    return (
        f"<annotation><size><width>{size[1]}</width><height>{size[0]}</height></size>{''.join(objects)}</annotation>"
    )


def picture(path, level=0):
    Image.fromarray(np.full((HEIGHT, WIDTH, 3), level, np.uint8)).save(path)


@pytest.fixture
def voc(tmp_path):
    """A maker of Pascal VOC folders, from annotations by stem; `None` is a picture without one."""

    def make(annotations, without_picture=()):
        for name in ("Annotations", "JPEGImages", "splits"):
            (tmp_path / name).mkdir(exist_ok=True)
        for level, (stem, text) in enumerate(annotations.items()):
            if stem not in without_picture:
                picture(tmp_path / "JPEGImages" / f"{stem}.png", 10 * level)
            if text is not None:
                (tmp_path / "Annotations" / f"{stem}.xml").write_text(text)
        return tmp_path

    return make


TWO = {
    "a": annotation(voc_object("dog", 1, 1, WIDTH, HEIGHT), voc_object("cat", 11, 4, 20, 6, difficult=1)),
    "b": annotation(voc_object("cat", 5, 16, 5, 16)),
    "c": None,
}


def test_pascal_voc_counts_pixels_from_1_and_includes_the_last(voc):
    dataset = boxes(voc(TWO), batch_size=3, image_size=(6, 8))
    ((images, found),) = dataset
    assert images.shape == (3, 6, 8, 3) and images.dtype == tf.uint8
    assert images[:, 0, 0, 0].numpy().tolist() == [0, 10, 20]
    assert dataset.class_names == ["cat", "dog"]
    assert found["classes"].numpy().tolist() == [[1, 0], [0, -1], [-1, -1]]
    assert found["classes"].dtype == tf.int32 and found["boxes"].dtype == tf.float32
    none = [-1] * 4
    expected = [
        # The first covers the picture; the second has rows 4 to 6 and columns 11 to 20; the third is one pixel.
        [[0, 0, 1, 1], [3 / HEIGHT, 10 / WIDTH, 6 / HEIGHT, 20 / WIDTH]],
        [[15 / HEIGHT, 4 / WIDTH, 16 / HEIGHT, 5 / WIDTH], none],
        [none, none],
    ]
    np.testing.assert_allclose(found["boxes"], expected, atol=1e-6)


def test_difficult_objects_can_be_left_out(voc):
    dataset = boxes(voc(TWO), difficult=False, classes=["dog", "cat"])
    assert dataset.left_out == {"difficult": 1}
    ((_, found),) = dataset
    assert found["classes"].numpy().tolist() == [[0], [1], [-1]]


def test_splits_have_the_same_classes_and_training_is_shuffled(voc):
    path = voc(TWO)
    (path / "splits" / "train.txt").write_text("a\nb\nc\n")
    (path / "splits" / "val.txt").write_text("b\n")
    assert boxes(path, split="val").class_names == ["cat", "dog"]
    dataset = boxes(path, batch_size=1, split="train", image_size=4)
    epochs = [[int(images[0, 0, 0, 0]) for images, _ in dataset] for _ in range(4)]
    assert all(sorted(epoch) == [0, 10, 20] for epoch in epochs) and len(set(map(tuple, epochs))) > 1
    set_epoch(dataset, 0)
    assert [int(images[0, 0, 0, 0]) for images, _ in dataset] == epochs[0]
    with pytest.raises(ValueError, match=r"\['train', 'val'\].*split='test'"):
        boxes(path, split="test")


def test_what_is_cached_is_what_is_streamed(voc):
    path = voc(TWO)
    kept, streamed = (boxes(path, 2, 8, cache=cache, shuffle=True) for cache in ("memory", "none"))
    assert (kept.cached.kind, streamed.cached.kind) == ("memory", "none")
    for one, other in zip(kept, streamed, strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, one, other)


def test_a_choice_of_pictures_is_part_of_a_larger_one(voc):
    path = voc({f"{number:02}": None for number in range(20)} | {"x": TWO["a"]})
    small, large, other = (
        boxes(path, max_images=most, seed=seed, on_error="raise").file_paths
        for most, seed in ((4, 0), (9, 0), (9, 1))
    )
    assert len(small) == 4 and len(large) == 9 and set(small) < set(large) and other != large


BAD = [
    (annotation(voc_object("dog", 1, 1, WIDTH + 2, 9)), r"outside the picture.*Received"),
    (annotation(voc_object("dog", -1, 1, 9, 9)), r"outside the picture.*Received"),
    (annotation(voc_object("dog", 9, 1, 8, 9)), r"no area.*Received"),
    (annotation(voc_object("dog", "nan", 1, 8, 9)), r"no number.*Received"),
    (annotation(voc_object("dog", "many", 1, 8, 9)), r"xmin.*must be a number.*'many'"),
    (annotation("<object><name>dog</name></object>"), r"must be a number.*None"),
    (annotation(voc_object("cow", 1, 1, 8, 9)), r"class is unknown.*'cow'"),
    (annotation(size=(WIDTH, HEIGHT)), r"another size.*orientation.*Received"),
    ("<annotation>", "no XML"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_a_bad_annotation_is_named(text, message, voc):
    path = voc({**TWO, "d": text})
    with pytest.raises(ValueError, match=rf"d\.xml' cannot be used.*on_error='skip'.*{message}"):
        boxes(path, classes=["cat", "dog"])


def test_bad_annotations_are_skipped_and_counted(voc):
    path = voc({**TWO, **{f"d{number}": text for number, (text, _) in enumerate(BAD)}})
    with pytest.warns(UserWarning, match=rf"Skipped {len(BAD)} .*3 pictures are left.*d8\.xml"):
        dataset = boxes(path, classes=["cat", "dog"], on_error="skip")
    assert {name[-6:] for name in dataset.skipped} == {f"d{number}.xml" for number in range(len(BAD))}
    assert len(dataset.file_paths) == 3


def test_an_annotation_without_a_picture_and_a_broken_picture(voc):
    path = voc({**TWO, "d": annotation()}, without_picture=["d"])
    with pytest.raises(ValueError, match=r"d\.xml.*no picture of this name.*Received: 'd'"):
        boxes(path)
    (path / "JPEGImages" / "c.png").write_bytes((path / "JPEGImages" / "a.png").read_bytes()[:60])
    with pytest.warns(UserWarning, match="Skipped 2"):
        dataset = boxes(path, on_error="skip")
    assert {name[-5:] for name in dataset.skipped} == {"d.xml", "c.png"}


def test_entities_are_not_expanded(voc):
    bomb = '<!DOCTYPE a [<!ENTITY b "haha"><!ENTITY c SYSTEM "file:///etc/passwd">]><annotation>&b;&c;</annotation>'
    with pytest.raises(ValueError, match=r"bomb\.xml.*has a document type"):
        boxes(voc({"bomb": bomb}))


def test_a_box_outside_by_a_pixel_is_cut_off(voc):
    path = voc({"a": annotation(voc_object("dog", 0, 0, WIDTH + 1, HEIGHT))})
    ((_, found),) = boxes(path)
    assert found["boxes"].numpy().tolist() == [[[0, 0, 1, 1]]]


@settings(max_examples=25, deadline=None)
@given(
    size=st.tuples(st.integers(16, 60), st.integers(16, 60)),
    target=st.tuples(st.integers(24, 70), st.integers(24, 70)),
    resize=st.sampled_from(["stretch", "pad"]),
    data=st.data(),
)
def test_boxes_move_with_the_picture(size, target, resize, data):
    edges = [sorted(data.draw(st.lists(st.integers(0, side), min_size=2, max_size=2, unique=True))) for side in size]
    (top, bottom), (left, right) = edges
    image = np.zeros((1, *size, 1), np.float32)
    image[0, top:bottom, left:right] = 1
    resized = resize_images(image, target, resize).numpy()[0, ..., 0]
    box = np.float32([[[top / size[0], left / size[1], bottom / size[0], right / size[1]], [-1] * 4]])
    moved = move_boxes(box, np.array([size]), target, resize)[0]
    np.testing.assert_array_equal(moved[1], -1)
    # The brightness that is resized keeps its center of mass where the object is away from the edges.
    pixels = moved[0] * [*target, *target]
    inside = resized > 0.5
    for axis in (0, 1):
        found = np.flatnonzero(inside.any(axis=1 - axis))
        if len(found):
            assert abs(found[0] - pixels[axis]) <= 1.01 and abs(found[-1] + 1 - pixels[axis + 2]) <= 1.01


@pytest.fixture
def coco(tmp_path):
    """A maker of COCO files, with pictures 1.png and 2.png of the ids 7 and 8."""

    def make(annotations, **changes):
        (tmp_path / "annotations").mkdir(exist_ok=True)
        (tmp_path / "train2017").mkdir(exist_ok=True)
        for number in (1, 2):
            picture(tmp_path / "train2017" / f"{number}.png")
        content = {
            "images": [
                {"id": 6 + number, "file_name": f"{number}.png", "height": HEIGHT, "width": WIDTH}
                for number in (1, 2)
            ],
            "categories": [{"id": 90, "name": "dog"}, {"id": 3, "name": "cat"}],
            "annotations": annotations,
            **changes,
        }
        path = tmp_path / "annotations" / "instances_train2017.json"
        path.write_text(json.dumps(content))
        return path

    return make


def coco_object(image_id=7, category_id=90, bbox=(4, 3, 10, 6), iscrowd=0, id=1):
    return {"id": id, "image_id": image_id, "category_id": category_id, "bbox": bbox, "iscrowd": iscrowd}


def test_coco(coco):
    dataset = boxes(coco([coco_object(), coco_object(iscrowd=1), coco_object(category_id=3)]), image_size=8)
    assert dataset.class_names == ["cat", "dog"] and dataset.left_out == {"crowd": 1}
    ((_, found),) = dataset
    assert found["classes"].numpy().tolist() == [[1, 0], [-1, -1]]
    np.testing.assert_allclose(found["boxes"][0, 0], [3 / HEIGHT, 4 / WIDTH, 9 / HEIGHT, 14 / WIDTH], 1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bbox": (4, 3, 0, 6)}, r"1\.png.*no area"),
        ({"bbox": (4, 3, 60, 6)}, r"1\.png.*outside"),
        ({"bbox": (4, 3)}, r"1\.png.*four numbers"),
        ({"category_id": 5}, r"1\.png.*class is unknown"),
        ({"image_id": 5}, r"instances_train2017\.json#1.*no picture.*image_id=5"),
    ],
)
def test_bad_coco_annotations_are_named(arguments, message, coco):
    with pytest.raises(ValueError, match=message):
        boxes(coco([coco_object(**arguments), coco_object(8)]))


def test_files_that_are_not_coco_and_pictures_that_are_missing(coco, tmp_path):
    with pytest.raises(ValueError, match=r"lists 'images'.*KeyError"):
        path = coco([])
        path.write_text("{}")
        boxes(path)
    path = coco([], images=[{"id": 1, "file_name": "3.png"}])
    with pytest.raises(ValueError, match=r"were not found.*`images`"):
        boxes(path)
    with pytest.raises(ValueError, match=r"3\.png.*cannot be read"):
        boxes(path, images=tmp_path / "train2017")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        boxes(tmp_path / "nowhere")


@pytest.mark.parametrize("arguments", [{"resize": "crop"}, {"on_error": "no"}, {"classes": "dog"}, {"max_images": 0}])
def test_arguments_are_checked(arguments, voc):
    with pytest.raises(ValueError, match=f"Received: {next(iter(arguments))}="):
        boxes(voc(TWO), **arguments)


def test_pictures_of_12_bits_are_not_black(voc):
    path = voc({"a": annotation(voc_object("dog", 1, 1, WIDTH, HEIGHT))})
    deep = np.full((HEIGHT, WIDTH, 1), 4095, np.uint16)
    (path / "JPEGImages" / "a.png").write_bytes(tf.io.encode_png(deep).numpy())
    with pytest.raises(ValueError, match="bits=12"):
        boxes(path)
    ((images, _),) = boxes(path, bits=12)
    assert images.numpy().min() == 255
