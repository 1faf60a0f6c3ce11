import pytest

from keras_ssl.did_you_mean import did_you_mean

KNOWN = ["resnet18", "resnet50", "SmallCNN"]


@pytest.mark.parametrize(
    "name, most, expected",
    [
        ("resnet19", 1, " Did you mean resnet18?"),
        ("resnet19", 3, " Did you mean resnet18 or resnet50?"),
        ("smallcnn", 1, " Did you mean SmallCNN?"),
        ("Reset18", 1, " Did you mean resnet18?"),
        ("qqq", 3, ""),
        (3, 3, ""),
        (None, 1, ""),
    ],
)
def test_the_closest_names_are_offered(name, most, expected):
    assert did_you_mean(name, KNOWN, most) == expected


def test_what_the_names_belong_to_is_said_and_makes_none_closer():
    assert did_you_mean("bse", ["base"], part_of="learning_rate") == " Did you mean learning_rate.base?"
    assert did_you_mean("zzz", ["base"], part_of="learning_rate") == ""
