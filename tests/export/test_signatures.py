"""What the served graph answers, against the models that it was made from."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import export
from keras_ssl.data.decode import decode_and_resize


@pytest.fixture(scope="module")
def served(exported):
    return export.load(exported.path)


def test_images_give_what_the_models_give(exported, served, rng):
    images = rng.uniform(0, 255, (5, 16, 16, 3)).astype("float32")
    outputs = served(images)
    embedding = exported.encoder(images, training=False)
    probabilities = exported.classifier(embedding)
    np.testing.assert_allclose(outputs["embedding"], embedding, rtol=1e-5)
    np.testing.assert_allclose(outputs["probabilities"], probabilities, rtol=1e-5)
    assert outputs["class"].tolist() == [exported.class_names[i] for i in np.argmax(probabilities, -1)]


def test_files_give_what_their_pixels_give(exported, served, files):
    images = np.stack([decode_and_resize(file, image_size=(16, 16)) for file in files])
    np.testing.assert_allclose(
        served.from_bytes(files)["embedding"], exported.encoder(images, training=False), rtol=1e-5
    )


def test_an_empty_request_has_an_empty_answer(served):
    for answer in (served.from_bytes([]), served(np.zeros((0, 16, 16, 3)))):
        assert answer["embedding"].shape == (0, 8)
        assert answer["probabilities"].shape == (0, 3) and len(answer["class"]) == 0


def test_nothing_of_the_training_is_served(exported):
    # RandomFlip and Dropout keep a seed each in a variable, which is none of the weights.
    variables = tf.train.list_variables(str(exported.version / "variables" / "variables"))
    stored = [shape for name, shape in variables if name != "_CHECKPOINTABLE_OBJECT_GRAPH"]
    in_use = [list(variable.shape) for model in (exported.encoder, exported.classifier) for variable in model.weights]
    assert sorted(stored) == sorted(in_use)
    loaded = tf.saved_model.load(str(exported.version))
    graph = loaded.signatures["serving_default"].graph.as_graph_def()
    operations = {node.op for function in graph.library.function for node in function.node_def}
    assert "Conv2D" in operations  # this is the graph that computes
    assert not [name for name in operations if "Random" in name]


def test_images_of_another_size_are_refused(served):
    # A convolutional net would take them, and give features of something it never saw.
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected shape"):
        served(np.zeros((1, 32, 32, 3)))


def test_one_bad_file_is_an_error_and_the_next_request_goes_on(served, files, bomb):
    for bad, message in (
        (b"no image", "no image"),
        (b"", "empty"),
        (files[0][:100], "image|JPEG|data"),
        (bomb, "max_pixels"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            served.from_bytes([files[0], bad])
    assert served.from_bytes(files[:1])["embedding"].shape == (1, 8)


def test_gray_encoder_and_numbered_classes(make_encoder, make_classifier, tmp_path, rng):
    encoder, classifier = make_encoder((8, 10, 1)), make_classifier()
    served = export.load(export.saved_model(encoder, tmp_path, classifier=classifier, resize="pad"))
    photo = rng.integers(0, 256, (30, 20, 3), "uint8")
    file = tf.io.encode_png(photo).numpy()
    outputs = served.from_bytes([file])
    image = decode_and_resize(file, image_size=(8, 10), channels=1, resize="pad")
    np.testing.assert_allclose(outputs["embedding"], encoder(image[None], training=False), rtol=1e-5)
    assert outputs["class"].dtype == np.int64
    assert outputs["class"] == np.argmax(outputs["probabilities"], -1)


def test_thirteen_channels_are_served_as_arrays_only(make_encoder, tmp_path, rng):
    encoder = make_encoder((6, 6, 13))
    version = export.saved_model(encoder, tmp_path)
    images = rng.uniform(0, 255, (2, 6, 6, 13))
    np.testing.assert_allclose(export.load(version)(images)["embedding"], encoder(images, training=False), rtol=1e-5)
    assert list(export.verify(version)["signatures"]) == ["serving_default"]


def test_an_encoder_of_any_size(make_encoder, tmp_path, files, rng):
    encoder = make_encoder((None, None, 3))
    served = export.load(export.saved_model(encoder, tmp_path, image_size=(12, 14)))
    images = rng.uniform(0, 255, (2, 20, 9, 3))
    np.testing.assert_allclose(served(images)["embedding"], encoder(images, training=False), rtol=1e-5)
    resized = decode_and_resize(files[0], image_size=(12, 14))[None]
    np.testing.assert_allclose(served.from_bytes(files[:1])["embedding"], encoder(resized, training=False), rtol=1e-5)


def test_the_bits_of_16_are_served_as_they_were_trained_on(tmp_path):
    encoder = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()])
    version = export.saved_model(encoder, tmp_path, bits=12)
    png = tf.io.encode_png(np.full((4, 4, 1), 4000, np.uint16)).numpy()
    assert (export.load(version).from_bytes([png])["embedding"] == 4000 >> 4).all()
    assert export.verify(version)["pixels"]["bits"] == 12
    with pytest.raises(ValueError, match="bits=7"):
        export.saved_model(encoder, tmp_path, bits=7)
