import numpy as np
import pytest

from keras_ssl.data.fit_inputs import images_and_labels, split_arrays

IMAGES, LABELS = np.zeros((8, 4, 4, 1), "uint8"), np.arange(8)


@pytest.mark.parametrize(
    "source, labels, expected",
    [
        ([IMAGES], None, None),
        ([IMAGES], LABELS, LABELS),
        ((IMAGES,), LABELS, LABELS),
        ([IMAGES, LABELS], None, LABELS),
        ({"image": IMAGES, "label": LABELS}, None, LABELS),
        (IMAGES, LABELS, LABELS),
    ],
    ids=["list-of-one", "list-of-one-and-labels", "tuple-of-one", "list-of-both", "dict", "array"],
)
def test_arrays_are_taken_however_keras_takes_them(source, labels, expected):
    images, found = images_and_labels(source, labels)
    assert images is IMAGES and found is expected


def test_a_list_of_images_is_no_list_of_arrays():
    images = list(IMAGES)
    assert images_and_labels(images)[0] is images


def test_a_function_that_was_not_called_is_no_images():
    def make_batches():
        yield IMAGES

    with pytest.raises(
        ValueError, match=r"call it and pass the result, such as make_batches\(\).*Received: x=<function"
    ):
        images_and_labels(make_batches)


@pytest.mark.parametrize(
    "share, minimum, words",
    [
        (0.1, 2, "leaves 1 of 8 images to evaluate, but at least 2 are needed"),
        (0.99, 1, "leaves 0 of 8 images to train on, but at least 1 are needed"),
        (0.8, 2, "leaves 1 of 8 images to train on, but at least 2 are needed"),
    ],
)
def test_a_split_that_leaves_too_few_names_its_share(share, minimum, words):
    with pytest.raises(ValueError, match=f"validation_split {words}.*Received: validation_split={share}"):
        split_arrays(IMAGES, None, share, minimum)
    assert len(split_arrays(IMAGES, None, 0.1)[1][0]) == 1
