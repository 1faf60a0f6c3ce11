import os

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import runs
from keras_ssl.data.files import find_images, in_subset
from keras_ssl.runs.data_source import count_images, describe_held_out, locate, open_source, resolve, trained_on

SIZES = {"image_size": (16, 16), "read_size": None}


def source_of(folder, split="train"):
    return {**resolve(str(folder), split, 3, None, "raise", "crop"), **SIZES}


def names(dataset, folder):
    return {os.path.relpath(path, folder) for path in dataset.file_paths}


def test_a_labelled_folder_trains_on_what_evaluate_does_not_score_by(photos):
    source = source_of(photos)
    training = names(open_source(source, "train", shuffle=True), photos)
    scored = names(open_source(source, "test", labels=True), photos)
    everything = find_images(photos)[1]
    assert training == set(in_subset(everything, "train")) and scored == set(everything) - training
    assert training == names(open_source(source, "train", labels=True), photos)
    assert count_images(source) == len(training)
    assert "held out" in describe_held_out(source)


def test_all_of_a_labelled_folder_when_asked_and_of_a_flat_one_always(photos):
    assert count_images(source_of(photos, "all")) == 60 and describe_held_out(source_of(photos, "all")) is None
    assert count_images(source_of(photos / "dark")) == 30 and describe_held_out(source_of(photos / "dark")) is None


@pytest.mark.parametrize(
    "trained, scored, certain",
    [
        ("train", "test", False),
        ("train[:200]", "train[200:]", False),
        ("train[:200]", "train[:200]", True),
        ("train", "train[90%:]", True),
        ("train + test", "test[:9]", True),
        ("all", "test", True),
    ],
)
def test_whether_a_run_trained_on_what_scores_it(trained, scored, certain):
    assert trained_on(source_of("digits", trained), scored) == certain


def test_whether_a_run_on_a_folder_trained_on_what_scores_it(photos):
    assert not trained_on(source_of(photos), "test") and trained_on(source_of(photos), "train")
    assert trained_on(source_of(photos, "all"), "test") and trained_on(source_of(photos, "test"), "test")


def test_a_data_set_by_name_is_as_it_was():
    source = {**source_of("digits"), "image_size": None}
    assert (source["name"], count_images(source), describe_held_out(source)) == ("digits", 1437, None)


def test_a_slice_of_a_folder_is_refused(photos):
    with pytest.raises(ValueError, match=r"train, test or all. Received: split='train\[:9\]'"):
        open_source(source_of(photos), "train[:9]")


def test_a_folder_is_found_from_anywhere(photos, tmp_path, monkeypatch):
    monkeypatch.chdir(photos.parent)
    source = source_of(photos.name)
    (tmp_path / photos.name).mkdir()  # another folder of the same name
    monkeypatch.chdir(tmp_path)
    assert source["name"] == str(photos) and count_images(source) == count_images(source_of(photos))


def test_a_folder_that_has_moved(photos, tmp_path):
    source = {**source_of(photos), "name": str(tmp_path / "gone")}
    with pytest.raises(FileNotFoundError, match=f"were in {tmp_path / 'gone'}.*--data"):
        locate(source)
    assert locate(source, photos) == source_of(photos)
    assert locate(source, "digits")["name"] == "digits"


def test_images_that_the_run_did_not_train_on_are_read_as_its_encoder_takes_them(photos):
    digits = {**resolve("digits", "train[:9]", 3, None, "raise", "crop"), "image_size": None, "read_size": None}
    encoder = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    found = locate(digits, photos, encoder)
    assert (found["image_size"], found["channels"], found["split"]) == ([8, 8], 1, "train")
    assert next(iter(open_source(found, found["split"]))).shape[1:] == (8, 8, 1)
    assert locate({**digits, "split": "all"}, photos, encoder)["split"] == "all"


def test_an_archive_is_no_data_set_by_name(tmp_path, monkeypatch):
    (tmp_path / "photos.zip").write_bytes(b"PK")
    monkeypatch.chdir(tmp_path)
    with pytest.raises((NotADirectoryError, ValueError), match="photos.zip"):
        runs.pretrain("simclr", "photos.zip", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_bits_of_a_folder_are_kept_for_all_who_open_it(tmp_path):
    for number in range(4):
        values = np.full((16, 16, 1), 4000, np.uint16)
        (tmp_path / f"{number}.png").write_bytes(tf.io.encode_png(values).numpy())
    with pytest.raises(ValueError, match="--bits 12"):
        count_images(source_of(tmp_path))
    source = {**resolve(str(tmp_path), "train", 1, None, "raise", "crop", bits=12), **SIZES}
    assert next(iter(open_source(source, "train"))).numpy().max() == 4000 >> 4
