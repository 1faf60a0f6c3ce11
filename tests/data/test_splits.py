import pytest

from keras_ssl.data.splits import is_training_split, split_range

COUNTS = {"train": 1437, "test": 360}


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("train", range(1437)),
        ("train[:80%]", range(1150)),
        ("train[80%:]", range(1150, 1437)),
        ("train[100:-37]", range(100, 1400)),
        ("train[-10%:]", range(1293, 1437)),
        (" train[:5] ", range(5)),
        ("train[:]", range(1437)),
    ],
)
def test_slices_are_those_of_tensorflow_datasets(part, expected):
    assert split_range(part, COUNTS) == ("train", expected)


@pytest.mark.parametrize("part", ["valid", "train[80%]", "train[:a]", "train[", "", "train[:1.5%]"])
def test_what_is_no_split_lists_those_that_are(part):
    with pytest.raises(ValueError, match=r"\['test', 'train'\]"):
        split_range(part, COUNTS)


def test_held_out_splits_are_not_for_training():
    assert is_training_split("train")
    assert is_training_split("train[:80%]+unlabelled")
    assert not is_training_split("train+test")
    assert not is_training_split("validation[:10%]")
