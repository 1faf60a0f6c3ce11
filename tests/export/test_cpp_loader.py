"""The export runs where it is served: in TensorFlow's C++ loader, with no Python Keras or TensorFlow."""

import numpy as np
import pytest

from keras_ssl.data.decode import decode_and_resize

INVALID_ARGUMENT = 3


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(3).uniform(0, 255, (4, 16, 16, 3)).astype("float32")


@pytest.fixture(scope="module")
def loaded(exported, images, files, bomb, in_cpp):
    """The answers to one request each, by name, from one process in this order."""
    requests = {
        "images": ("serving_default", images),
        "files": ("serve_bytes", files),
        "wrong size": ("serving_default", images[:, :8]),
        "no image": ("serve_bytes", [files[0], b"no image"]),
        "truncated": ("serve_bytes", [files[0][:100]]),
        "bomb": ("serve_bytes", [bomb]),
        "files again": ("serve_bytes", files),
    }
    return dict(zip(requests, in_cpp(exported.version, list(requests.values())), strict=True))


def assert_same(answer, exported, pixels):
    assert answer["code"] == 0, answer["message"]
    embedding = exported.encoder(pixels, training=False)
    probabilities = exported.classifier(embedding).numpy()
    np.testing.assert_allclose(answer["outputs"]["embedding"], embedding, rtol=1e-5)
    np.testing.assert_allclose(answer["outputs"]["probabilities"], probabilities, rtol=1e-5)
    assert answer["outputs"]["class"].tolist() == [exported.class_names[i] for i in probabilities.argmax(-1)]


def test_images(loaded, exported, images):
    assert_same(loaded["images"], exported, images)


@pytest.mark.parametrize("name", ["files", "files again"])
def test_files_also_after_bad_requests(loaded, exported, files, name):
    pixels = np.stack([decode_and_resize(file, image_size=(16, 16)) for file in files])
    assert_same(loaded[name], exported, pixels)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("wrong size", "expected shape"),
        ("no image", "no image"),
        ("truncated", ""),
        ("bomb", "max_pixels=50000000"),
    ],
)
def test_a_bad_request_is_an_error_and_no_crash(loaded, name, message):
    assert loaded[name]["code"] == INVALID_ARGUMENT
    assert message in loaded[name]["message"]
