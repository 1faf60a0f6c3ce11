import pytest

from keras_ssl.data.evenly_spaced import evenly_spaced


@pytest.mark.parametrize("items, count, expected", [("abcde", 3, "ace"), ("ab", 5, "ab"), ("a", 3, "a"), ("", 3, "")])
def test_evenly_from_the_first_to_the_last(items, count, expected):
    assert evenly_spaced(list(items), count) == list(expected)
