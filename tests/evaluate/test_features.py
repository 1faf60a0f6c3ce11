import os

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.svm import LinearSVC

from keras_ssl.evaluate import Features, extract_features


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (11, 8, 8, 1), "uint8")


@pytest.fixture
def labels():
    return np.arange(11) % 3


def export(encoder, folder):
    """A SavedModel by the contract of the exporter: `images` in, `embedding` out."""

    @tf.function(input_signature=[tf.TensorSpec((None, *encoder.input_shape[1:]), tf.float32, name="images")])
    def serve(images):
        return {"embedding": encoder(images, training=False)}

    tf.saved_model.save(encoder, str(folder), signatures={"serving_default": serve})
    return folder


def brightness_encoder(scale):
    """Gives the mean of the image, times `scale`: features that can be checked by eye."""
    images = keras.Input((8, 8, 1))
    x = keras.layers.GlobalAveragePooling2D()(images)
    return keras.Model(images, keras.layers.Rescaling(scale)(x))


@pytest.mark.parametrize("form", ["arrays", "data set", "unlabelled array", "unlabelled data set", "floats"])
def test_every_source_gives_the_features_of_predict_in_order(encoder, images, labels, form):
    source = {
        "arrays": (images, labels),
        "data set": tf.data.Dataset.from_tensor_slices((images, labels)).batch(4),
        "unlabelled array": images,
        "unlabelled data set": tf.data.Dataset.from_tensor_slices(images).batch(4),
        "floats": (images.astype("float64"), labels),
    }[form]
    features, found = extract_features(encoder, source, batch_size=4, verbose=0)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, encoder.predict(images, verbose=0), rtol=1e-5)
    if "unlabelled" in form:
        assert found is None
    else:
        np.testing.assert_array_equal(found, labels)


def test_images_and_labels_of_a_shuffled_data_set_stay_together():
    images = np.arange(50, dtype="uint8")[:, None, None, None] * np.ones((8, 8, 1), "uint8")
    dataset = tf.data.Dataset.from_tensor_slices((images, np.arange(50))).shuffle(50).batch(8)
    features, labels = extract_features(brightness_encoder(1.0), dataset, verbose=0)
    np.testing.assert_allclose(features[:, 0], labels)


def test_the_encoder_is_traced_once_whatever_the_last_batch(images):
    calls = []

    class Counting(keras.layers.Layer):
        def call(self, x):
            calls.append(x.shape)
            return x

    inputs = keras.Input((8, 8, 1))
    encoder = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(Counting()(inputs)))
    calls.clear()
    extract_features(encoder, images, batch_size=4, verbose=0)
    assert calls == [(None, 8, 8, 1)]


def test_features_are_float32_under_mixed_precision(images):
    keras.config.set_dtype_policy("mixed_bfloat16")
    encoder = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(4)])
    assert extract_features(encoder, images, verbose=0).features.dtype == np.float32


def test_progress_bar_shows_when_asked(encoder, images, capsys):
    extract_features(encoder, images, batch_size=4, name="features of the test images")
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("features of the test images: ") and "images/s" in line and line.isprintable()
    extract_features(encoder, images, batch_size=4, verbose=0)
    assert capsys.readouterr().out == ""


def test_keras_file_and_saved_model_give_what_the_encoder_gives(encoder, images, tmp_path):
    expected = extract_features(encoder, images, verbose=0).features
    encoder.save(tmp_path / "encoder.keras")
    export(encoder, tmp_path / "served" / "1")
    for path in (tmp_path / "encoder.keras", tmp_path / "served" / "1", str(tmp_path / "served")):
        np.testing.assert_allclose(extract_features(path, images, verbose=0).features, expected, rtol=1e-5)


def test_newest_version_is_the_greatest_number(images, tmp_path):
    for version in (2, 10):
        export(brightness_encoder(float(version)), tmp_path / str(version))
    os.makedirs(tmp_path / "11-unfinished")
    newest = extract_features(tmp_path, images, verbose=0).features
    np.testing.assert_allclose(newest[:, 0], 10 * images.mean((1, 2, 3)), rtol=1e-5)


def test_an_svm_and_a_keras_head_learn_on_an_exported_directory(tmp_path, rng):
    """What users do with an export: no label was needed to make it, few are needed to build on it."""
    labels = np.arange(40) % 2
    images = rng.uniform(0, 100, (40, 8, 8, 1)) + 100 * labels[:, None, None, None]
    export(brightness_encoder(1 / 255), tmp_path / "1")
    features, labels = extract_features(tmp_path, (images, labels), verbose=0)
    assert LinearSVC(C=100.0).fit(features, labels).score(features, labels) == 1.0
    head = keras.Sequential([keras.layers.Normalization(), keras.layers.Dense(1, activation="sigmoid")])
    head.layers[0].adapt(features)
    head.compile(keras.optimizers.Adam(0.3), "binary_crossentropy", metrics=["accuracy"])
    head.fit(features, labels, epochs=10, verbose=0)
    assert head.evaluate(features, labels, verbose=0)[1] == 1.0


def test_wrong_images_are_named_with_both_shapes(encoder, rng):
    with pytest.raises(ValueError, match=r"\(8, 8, 1\).*Received: images of shape \(9, 9, 1\)"):
        extract_features(encoder, rng.uniform(0, 255, (2, 9, 9, 1)), verbose=0)


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (np.zeros((0, 8, 8, 1)), "no images"),
        (np.zeros((3, 8, 8)), r"channel axis.*\(3, 8, 8\)"),
        ((np.zeros((3, 8, 8, 1)), np.zeros(2)), "3 images and labels of shape"),
        (tf.data.Dataset.from_tensor_slices(np.zeros((3, 8, 8, 1))), "batch"),
        (tf.data.Dataset.from_tensors(np.zeros((3, 8, 8, 1))).repeat(), "repeat"),
        (tf.data.Dataset.from_tensors({"pixels": np.zeros((3, 8, 8, 1))}), 'key "image"'),
        (iter([np.zeros((3, 8, 8, 1))]), "from_generator"),
        (np.full((3, 8, 8, 1), 4000, np.uint16), "value_range.*Received: pixels from 4000 to 4000"),
        (tf.data.Dataset.from_tensors(np.zeros((3, 8, 8, 1))).take(0), "no images"),
    ],
)
def test_what_is_no_finite_source_of_images_is_refused(encoder, dataset, message):
    with pytest.raises(ValueError, match=message):
        extract_features(encoder, dataset, verbose=0)


def test_paths_without_an_encoder_are_named(images, tmp_path):
    (tmp_path / "notes.txt").write_text("no encoder")
    for path, message in (("nowhere", "does not exist"), ("notes.txt", "is neither"), ("", "no exported model")):
        with pytest.raises(ValueError, match=message):
            extract_features(tmp_path / path, images, verbose=0)
    with pytest.raises(TypeError, match=r"Received: encoder=3"):
        extract_features(3, images, verbose=0)


def test_a_saved_model_with_other_signatures_says_which_it_has(images, tmp_path):
    module = tf.Module()
    module.f = tf.function(lambda x: {"y": x}, input_signature=[tf.TensorSpec((None, 8, 8, 1), name="x")])
    tf.saved_model.save(module, str(tmp_path / "1"), signatures={"serving_default": module.f})
    with pytest.raises(ValueError, match=r"inputs=\['x'\], outputs=\['y'\]"):
        extract_features(tmp_path, images, verbose=0)


def test_a_feature_map_is_no_feature_vector(images):
    encoder = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3)])
    with pytest.raises(ValueError, match=r"pools.*\(11, 6, 6, 2\)"):
        extract_features(encoder, images, verbose=0)


def test_pixels_in_unit_range_are_warned_of(encoder, images):
    with pytest.warns(UserWarning, match=r"multiply by 255"):
        extract_features(encoder, images / 255.0, verbose=0)


def test_features_unpack_like_a_tuple():
    features, labels = Features(np.zeros((2, 3)))
    assert features.shape == (2, 3) and labels is None


def test_dicts_as_tfds_has_them_are_images_and_labels(encoder, images, labels):
    rows = {"coarse_label": labels, "id": labels, "image": images, "label": labels}
    found = extract_features(encoder, tf.data.Dataset.from_tensor_slices(rows).batch(4), verbose=0)
    np.testing.assert_array_equal(found.labels, labels)
    np.testing.assert_allclose(found.features, encoder.predict(images, verbose=0), rtol=1e-5)
