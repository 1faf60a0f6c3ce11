import numpy as np
import pytest

import keras_ssl
from keras_ssl import runs


def test_the_export_serves_the_encoder_and_names_its_origin(finished, tmp_path):
    version = runs.export(finished, tmp_path / "digits", verbose=0)
    served = keras_ssl.export.load(version)
    images = keras_ssl.data.digits.load_digits("test")[0][:4]
    np.testing.assert_allclose(served(images)["embedding"], finished.encoder()(images), atol=1e-5)
    assert served.manifest["method"] == "simclr" and served.manifest["data"] == "digits"


def test_with_a_classifier_it_serves_the_datas_classes(finished, tmp_path):
    version = runs.export(finished, tmp_path / "digits", classifier=True, verbose=0)
    images = keras_ssl.data.digits.load_digits("test")[0][:4]
    answer = keras_ssl.export.load(version)(images)
    assert set(answer["class"]) <= set("0123456789")
    np.testing.assert_allclose(answer["probabilities"].sum(axis=1), 1, rtol=1e-5)


def test_a_fine_tuned_classifier_is_served_with_the_encoder_that_learned(finished, tmp_path):
    version = runs.export(finished, tmp_path / "digits", classifier="fine-tune", epochs=1, verbose=0)
    served = keras_ssl.export.load(version)
    images = keras_ssl.data.digits.load_digits("test")[0][:4]
    answer = served(images)
    assert set(answer["class"]) <= set("0123456789")
    assert np.abs(answer["embedding"] - finished.encoder()(images)).max() > 1e-3
    assert served.manifest["metadata"]["classifier"] == "fine-tune"


def test_other_classifiers_are_refused(finished, tmp_path):
    with pytest.raises(ValueError, match="linear, fine-tune. Received: classifier='svm'"):
        runs.export(finished, tmp_path / "digits", classifier="svm")


def test_a_run_without_an_epoch_has_nothing_to_export(finished, tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "config.yaml").write_text((finished.path / "config.yaml").read_text())
    with pytest.raises(FileNotFoundError, match="first epoch"):
        runs.export(tmp_path / "new", tmp_path / "to")
