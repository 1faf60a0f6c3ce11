import io
import re

import pytest

from keras_ssl.progress import Stage, duration


class Terminal(io.StringIO):
    def isatty(self):
        return True


def run(file, length, **settings):
    with Stage("features, SimCLR", length, file=file, **settings) as stage:
        for _ in range(4):
            stage.advance(32)
    return file.getvalue()


def test_one_plain_line_where_there_is_no_terminal():
    (line,) = run(io.StringIO(), 4).splitlines()
    assert line.isprintable() and re.fullmatch(r"features, SimCLR: 0.0 s, [\d,]+ images/s", line)


def test_the_line_begins_with_the_stage():
    file = io.StringIO()
    with Stage("linear, SimCLR", file=file):
        assert file.getvalue() == "linear, SimCLR: "
    assert file.getvalue() == "linear, SimCLR: 0.0 s\n"


def test_a_named_bar_on_a_terminal_that_ends_where_it_should():
    written = run(Terminal(), 4)
    assert written.count("\n") == 1 and "features, SimCLR" in written and "100%" in written and "images/s" in written


@pytest.mark.parametrize("length", [None, 0])
def test_a_line_where_the_length_is_not_known(length):
    assert "%" not in run(Terminal(), length)


def test_silence():
    assert run(io.StringIO(), 4, verbose=0) == run(Terminal(), 4, verbose=0) == ""


def test_what_fails_ends_its_line():
    file = io.StringIO()
    with pytest.raises(ValueError), Stage("linear, SimCLR", file=file):
        raise ValueError
    assert file.getvalue() == "linear, SimCLR: failed\n"


@pytest.mark.parametrize("seconds, words", [(89, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "1.5 h")])
def test_durations(seconds, words):
    assert duration(seconds) == words
