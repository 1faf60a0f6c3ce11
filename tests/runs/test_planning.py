"""How often a run looks at its features and saves."""

import pytest

from keras_ssl.runs.planning import reports_every


@pytest.mark.parametrize("epochs, minutes, expected", [(1, None, 1), (50, None, 1), (51, None, 2), (500, None, 10)])
def test_a_run_reports_fifty_times_at_the_most(epochs, minutes, expected):
    assert reports_every(epochs, minutes) == expected


@pytest.mark.parametrize("minutes, reports", [(0.1, 1), (1, 3), (5, 15), (20, 50), (600, 50)])
def test_reports_take_a_part_of_the_budget(minutes, reports):
    assert -(-3000 // reports_every(3000, minutes)) == reports
