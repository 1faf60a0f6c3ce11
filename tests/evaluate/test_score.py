import json

import pytest

from keras_ssl.evaluate import Score, format_table


def test_score_reads_as_a_number_a_line_and_a_dict():
    score = Score("5 labels per class", 0.9312, "Words.", deviation=0.0123, settings={"C": 1.0})
    assert float(score) == 0.9312
    assert str(score) == "5 labels per class: 0.931 ± 0.012 (Words.)"
    assert Score(**json.loads(json.dumps(score.to_dict()))) == score


def test_a_score_cannot_be_touched_up():
    with pytest.raises(AttributeError):
        Score("kNN", 0.5, "Words.").accuracy = 0.9


def test_table_aligns_rows_and_leaves_gaps_where_a_score_is_missing():
    knn, few = Score("kNN", 0.5, ""), {1: Score("1 label per class", 0.25, "", 0.125)}
    table = format_table({"SimCLR": [knn, few], "raw pixels": few})
    assert table.splitlines() == [
        "| features   | kNN   | 1 label per class |",
        "|------------|-------|-------------------|",
        "| SimCLR     | 0.500 | 0.250 ± 0.125     |",
        "| raw pixels |       | 0.250 ± 0.125     |",
    ]
