import numpy as np
import pytest

from keras_ssl.checks.arguments import (
    check_batch_size,
    check_box,
    check_choice,
    check_count,
    check_counts,
    check_image_size,
    check_interval,
    check_margin,
    check_not_negative,
    check_positive,
    check_probability,
)


def test_what_fits_comes_back_in_one_form():
    check_choice("mode", "hard", ("hard", "all"))
    check_count("units", np.int64(3))
    check_counts("units", (3, np.int32(4)))
    assert check_positive("rate", 2) == 2.0
    assert check_margin(1.9) == 1.9
    assert type(check_batch_size(np.int64(8))) is int
    assert check_image_size(8) == check_image_size(np.array([8, 8])) == (8, 8)
    assert check_probability("rate", 1) == 1.0
    assert check_not_negative("noise", 0) == 0.0
    assert check_interval("scale", [0, 1], 0) == (0.0, 1.0)
    assert check_box((0, 1), (0.5, 2)) == ((0.0, 1.0), (0.5, 2.0))


@pytest.mark.parametrize(
    ("check", "arguments", "message"),
    [
        (check_choice, ("mode", "soft", ("hard", "all")), "mode must be one of 'hard', 'all'.*mode='soft'"),
        (check_positive, ("rate", 0), "rate must be positive.*rate=0"),
        (check_positive, ("rate", float("nan")), "rate=nan"),
        (check_margin, (2,), "margin=2"),
        (check_margin, (0,), "margin must be positive"),
        (check_count, ("units", 0), "units=0"),
        (check_count, ("units", True), "units=True"),
        (check_count, ("units", 2.0), "units=2.0"),
        (check_counts, ("units", ()), r"non-empty.*units=\(\)"),
        (check_counts, ("units", "34"), "units='34'"),
        (check_counts, ("units", (3, 0)), "positive integers only"),
        (check_batch_size, (True,), "batch_size=True"),
        (check_batch_size, (2.0,), "batch_size=2.0"),
        (check_image_size, ((8, 8, 3),), r"image_size=\(8, 8, 3\)"),
        (check_image_size, (0,), "image_size=0"),
        (check_probability, ("rate", 1.1), "between 0 and 1.*rate=1.1"),
        (check_probability, ("rate", "often"), "rate=often"),
        (check_not_negative, ("noise", -1), "noise=-1"),
        (check_interval, ("scale", (1, 0.5), 0), "low <= high"),
        (check_interval, ("scale", (0, 2), 0, 1), r"scale=\(0, 2\)"),
        (check_interval, ("scale", 0.5, 0), "pair"),
        (check_box, ((0, 0), (1, 1)), "area"),
        (check_box, ((0, 1), (0, 1)), "area"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_was_received(check, arguments, message):
    with pytest.raises(ValueError, match=f"(?s)(?=.*Received: ).*{message}"):
        check(*arguments)
