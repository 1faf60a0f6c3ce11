import pytest

from keras_ssl.data.spread import spread


@pytest.mark.parametrize("items, count, expected", [("abcde", 3, "ace"), ("ab", 5, "ab"), ("a", 3, "a"), ("", 3, "")])
def test_evenly_from_the_first_to_the_last(items, count, expected):
    assert spread(list(items), count) == list(expected)
