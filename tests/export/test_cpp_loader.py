"""The export runs where it is served: in TensorFlow's C++ loader, with no Python Keras or TensorFlow."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from keras_ssl.data.decode import decode_and_resize

LIBRARY = Path(tf.__file__).parent / "libtensorflow_cc.so.2"
INVALID_ARGUMENT = 3


def strings(contents):
    return {
        "shape": [len(contents)],
        "strings": [base64.b64encode(content).decode() for content in contents],
    }


def floats(array):
    return {"shape": list(array.shape), "floats": array.ravel().tolist()}


def array(tensor):
    if "strings" in tensor:
        return [base64.b64decode(text).decode() for text in tensor["strings"]]
    return np.reshape(tensor.get("floats", tensor.get("integers")), tensor["shape"])


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(3).uniform(0, 255, (4, 16, 16, 3)).astype("float32")


@pytest.fixture(scope="module")
def loaded(exported, images, files, bomb):
    """The answers to one request each, by name, from one process in this order."""
    if not LIBRARY.exists():
        pytest.skip("this TensorFlow has no libtensorflow_cc.so.2")
    meta_graph = saved_model_pb2.SavedModel.FromString(
        (exported.version / "saved_model.pb").read_bytes()
    ).meta_graphs[0]

    def request(name, tensor):
        signature = meta_graph.signature_def[name]
        (feed,) = signature.inputs.values()
        return {"feeds": {feed.name: tensor}, "fetches": [out.name for out in signature.outputs.values()]}

    requests = {
        "images": request("serving_default", floats(images)),
        "files": request("serve_bytes", strings(files)),
        "wrong size": request("serving_default", floats(images[:, :8])),
        "no image": request("serve_bytes", strings([files[0], b"no image"])),
        "truncated": request("serve_bytes", strings([files[0][:100]])),
        "bomb": request("serve_bytes", strings([bomb])),
        "files again": request("serve_bytes", strings(files)),
    }
    job = {
        "library": str(LIBRARY),
        "saved_model": str(exported.version),
        "requests": list(requests.values()),
    }
    process = subprocess.run(
        [sys.executable, "-I", str(Path(__file__).parent / "cpp_loader.py")],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert process.returncode == 0, process.stderr
    reply = json.loads(process.stdout)
    assert not {"tensorflow", "keras", "numpy"} & set(reply["modules"])

    def named(name, answer):
        outputs = meta_graph.signature_def["serve_bytes" if "files" in name else "serving_default"].outputs
        return {key: array(answer["fetched"][out.name]) for key, out in outputs.items() if answer["fetched"]}

    return {
        name: {**answer, "outputs": named(name, answer)}
        for name, answer in zip(requests, reply["answers"], strict=True)
    }


def assert_same(answer, exported, pixels):
    assert answer["code"] == 0, answer["message"]
    embedding = exported.encoder(pixels, training=False)
    probabilities = exported.classifier(embedding).numpy()
    np.testing.assert_allclose(answer["outputs"]["embedding"], embedding, rtol=1e-5)
    np.testing.assert_allclose(answer["outputs"]["probabilities"], probabilities, rtol=1e-5)
    assert answer["outputs"]["class"] == [exported.class_names[i] for i in probabilities.argmax(-1)]


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
