import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ssl.evaluate import Score
from keras_ssl.evaluate.verdict import verdict


def rows(own, random, pixels=None, deviation=None):
    made = {"SimCLR": {"kNN": Score("kNN", own, "")}, "random encoder": {"kNN": Score("kNN", random, "", deviation)}}
    return made if pixels is None else {**made, "raw pixels": {"kNN": Score("kNN", pixels, "")}}


def test_features_that_beat_both_need_no_advice():
    found = verdict(rows(0.9, 0.5, 0.7), test_images=400)
    assert found.better == {"random encoder": True, "raw pixels": True} and found.advice == ""
    assert "better than raw pixels (kNN 0.900 against 0.700)" in str(found)


def test_a_difference_within_chance_is_no_difference():
    # The standard error of the difference of two shares of 100 images near 0.5 is 0.07.
    assert verdict(rows(0.6, 0.5), 100).better == {"random encoder": False}
    assert verdict(rows(0.6, 0.5), 10_000).better == {"random encoder": True}
    assert verdict(rows(0.6, 0.5, deviation=0.06), 10_000).better == {"random encoder": False}
    assert "no different, beyond chance, from the random encoder's (kNN" in verdict(rows(0.6, 0.5), 100).text


def test_scores_that_disagree_do_not_sound_like_a_contradiction():
    made = {
        name: {score: Score(score, value, "") for score, value in zip(("kNN", "linear"), values, strict=True)}
        for name, values in {"SimCLR": (0.3, 0.5), "raw pixels": (0.5, 0.51)}.items()
    }
    assert verdict(made, 400).text == (
        "SimCLR's features are worse than raw pixels (kNN 0.300 against 0.500) and within chance of raw pixels "
        "(linear 0.500 against 0.510)."
    )


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 10**6))
def test_what_is_better_one_way_is_worse_the_other(own, other, images):
    there, back = verdict(rows(own, other), images), verdict(rows(other, own), images)
    assert not (there.better["random encoder"] and back.better["random encoder"])
    assert ("better than" in there.text) == ("worse than" in back.text)


def test_what_is_not_better_gets_the_diagnosis_and_the_command():
    found = verdict(rows(0.3, 0.5), 400, {}, 96, command="keras-ssl pretrain simclr --data photos --out runs/2")
    assert found.advice == (
        "96 steps are few. Next, train longer: keras-ssl pretrain simclr --data photos --out runs/2 --steps 1000"
    )
    assert "another method" in verdict(rows(0.3, 0.5), 400).advice


def test_nothing_to_compare_with_is_refused():
    with pytest.raises(ValueError, match="needs a baseline"):
        verdict({"SimCLR": {"kNN": Score("kNN", 0.5, "")}}, 100)
