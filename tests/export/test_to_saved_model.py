"""What `export.saved_model` writes, and that it writes all or nothing."""

import keras
import numpy as np
import pytest
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import saved_model_pb2

from keras_ssl import backbones, export, transfer
from keras_ssl.export import write_version


def test_the_keras_files_go_on_where_the_export_stands(exported, rng):
    encoder = keras.saving.load_model(exported.version / "encoder.keras")
    classifier = keras.saving.load_model(exported.version / "classifier.keras")
    images = rng.uniform(0, 255, (2, 16, 16, 3)).astype("float32")
    outputs = export.load(exported.version)(images)
    embedding = encoder(images, training=False)
    np.testing.assert_allclose(outputs["embedding"], embedding, rtol=1e-5)
    np.testing.assert_allclose(outputs["probabilities"], classifier(embedding), rtol=1e-5)


def test_an_encoder_trained_in_mixed_precision_is_served_in_float32(make_encoder, tmp_path, rng):
    keras.config.set_dtype_policy("mixed_bfloat16")
    encoder = make_encoder()
    keras.config.set_dtype_policy("float32")
    twin = make_encoder()  # the same architecture and weights
    version = export.saved_model(encoder, tmp_path)
    images = rng.uniform(0, 255, (2, 16, 16, 3)).astype("float32")
    embedding = export.load(version)(images)["embedding"]
    assert embedding.dtype == np.float32
    np.testing.assert_allclose(embedding, twin(images, training=False), rtol=1e-5)

    model = saved_model_pb2.SavedModel.FromString((version / "saved_model.pb").read_bytes())
    dtypes = {
        attribute.type
        for function in model.meta_graphs[0].graph_def.library.function
        for node in function.node_def
        for attribute in node.attr.values()
    }
    assert types_pb2.DT_FLOAT in dtypes and types_pb2.DT_BFLOAT16 not in dtypes


def test_a_fine_tuned_classifier_is_served_with_its_classes(tmp_path, rng):
    images, labels = rng.integers(0, 256, (16, 8, 8, 3), "uint8"), np.arange(16) % 2
    encoder = backbones.small_cnn((8, 8, 3), filters=(4,))
    classifier = transfer.fine_tuned_classifier(encoder, (images, labels), epochs=2)
    encoder, head = classifier.layers
    served = export.load(export.saved_model(encoder, tmp_path, classifier=head, class_names=["cat", "dog"]))
    answer, expected = served(images), classifier.predict(images, verbose=0)
    np.testing.assert_allclose(answer["probabilities"], expected, rtol=1e-4)
    assert answer["class"].tolist() == [["cat", "dog"][winner] for winner in expected.argmax(axis=1)]


def test_the_next_export_is_the_next_version(tmp_path):
    encoder = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten()])
    assert export.saved_model(encoder, tmp_path / "a" / "b") == tmp_path / "a" / "b" / "1"
    assert export.saved_model(encoder, tmp_path / "a" / "b") == tmp_path / "a" / "b" / "2"


@pytest.mark.parametrize("step", ["write_warmup_requests", "write_manifest"])
def test_a_crash_in_the_middle_leaves_no_version(tmp_path, monkeypatch, step):
    def crash(*args, **kwargs):
        raise OSError("no space left on device")

    monkeypatch.setattr(write_version, step, crash)
    encoder = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten()])
    with pytest.raises(OSError, match="no space"):
        export.saved_model(encoder, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_our_backbones(tmp_path, rng):
    encoder = backbones.resnet18((16, 16, 3), width=4)
    images = rng.integers(0, 256, (2, 16, 16, 3), "uint8")
    served = export.load(export.saved_model(encoder, tmp_path))
    np.testing.assert_allclose(served(images)["embedding"], encoder(images, training=False), rtol=1e-4, atol=1e-6)


def test_a_classifier_fine_tuned_end_to_end(make_encoder, make_classifier, tmp_path, rng):
    encoder, classifier = make_encoder(), make_classifier()
    whole = keras.Sequential([encoder, classifier])
    whole.compile("sgd", "sparse_categorical_crossentropy")
    images = rng.uniform(0, 255, (4, 16, 16, 3)).astype("float32")
    whole.fit(images, np.array([0, 1, 2, 0]), verbose=0)
    served = export.load(export.saved_model(encoder, tmp_path, classifier=classifier))
    np.testing.assert_allclose(served(images)["probabilities"], whole(images, training=False), rtol=1e-4)
