"""One small encoder, exported once with a classifier, for all tests here."""

import base64
import io
import json
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow.core.protobuf import saved_model_pb2

from keras_ssl import export

LIBRARY = Path(tf.__file__).parent / "libtensorflow_cc.so.2"
CLASS_NAMES = ["Katze", "Hündin", "bird"]


def residual_encoder(image_shape=(16, 16, 3), features=8):
    """A residual network in small, with what must not be served: random layers, before and after."""
    images = keras.Input(image_shape)
    x = keras.layers.Rescaling(1 / 255)(images)
    x = keras.layers.RandomFlip()(x)
    x = keras.layers.Conv2D(features, 3, padding="same")(x)
    shortcut = x
    for _ in range(2):
        x = keras.layers.BatchNormalization()(x)
        x = keras.layers.ReLU()(x)
        x = keras.layers.Conv2D(features, 3, padding="same")(x)
    x = keras.layers.add([x, shortcut])
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dropout(0.5)(x)
    outputs = keras.layers.Activation("linear", dtype="float32")(x)
    return keras.Model(images, outputs, name="encoder")


def softmax_classifier(features=8, classes=3):
    return keras.Sequential(
        [keras.Input((features,)), keras.layers.Dense(classes, activation="softmax", dtype="float32")]
    )


def with_random_weights(model):
    """Random moving statistics too, which would otherwise hide a graph that ignores them."""
    rng = np.random.default_rng(1)
    for variable in model.weights:
        if variable.dtype == "float32":
            variable.assign(np.abs(rng.normal(0.5, 0.5, variable.shape)) + 0.1)
    return model


@pytest.fixture
def make_encoder():
    return lambda *args, **kwargs: with_random_weights(residual_encoder(*args, **kwargs))


@pytest.fixture
def make_classifier():
    return lambda *args, **kwargs: with_random_weights(softmax_classifier(*args, **kwargs))


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    encoder, classifier = with_random_weights(residual_encoder()), with_random_weights(softmax_classifier())
    path = tmp_path_factory.mktemp("saved_models") / "pets"
    version = export.saved_model(
        encoder,
        path,
        classifier=classifier,
        class_names=CLASS_NAMES,
        metadata={"method": "simclr", "data": "pets", "epochs": 3},
    )
    return SimpleNamespace(
        encoder=encoder, classifier=classifier, class_names=CLASS_NAMES, path=path, version=version
    )


@pytest.fixture
def exported_copy(exported, tmp_path):
    """A copy of the exported version, to damage."""
    copy = tmp_path / "pets" / "1"
    for file in Path(exported.version).rglob("*"):
        if file.is_file():
            target = copy / file.relative_to(exported.version)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    return copy


@pytest.fixture(scope="session")
def files():
    """One image file of each kind, of several sizes, gray among them."""
    rng = np.random.default_rng(2)
    shapes = {"JPEG": (20, 50, 3), "PNG": (40, 9, 3), "GIF": (16, 16, 3), "BMP": (5, 7, 3), "WEBP": (33, 32, 3)}
    encoded = []
    for kind, shape in [*shapes.items(), ("JPEG", (30, 30))]:
        file = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, shape, "uint8")).save(file, kind)
        encoded.append(file.getvalue())
    return encoded


@pytest.fixture(scope="session")
def bomb():
    """A PNG file of 45 bytes whose header promises 100 000 × 100 000 pixels."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IEND", b"")


@pytest.fixture(scope="session")
def in_cpp():
    """Function from a version folder and pairs of a signature and its input to the answers of the C++ loader.

    Each answer is a dict of its error code, its message and its outputs by their names.
    """
    if not LIBRARY.exists():
        pytest.skip("this TensorFlow has no libtensorflow_cc.so.2")
    return _answers_in_cpp


def _answers_in_cpp(version, requests):
    model = saved_model_pb2.SavedModel.FromString((version / "saved_model.pb").read_bytes())
    signatures = model.meta_graphs[0].signature_def

    def request(name, value):
        (feed,) = signatures[name].inputs.values()
        return {
            "feeds": {feed.name: _tensor(value)},
            "fetches": [out.name for out in signatures[name].outputs.values()],
        }

    job = {
        "library": str(LIBRARY),
        "saved_model": str(version),
        "requests": [request(*pair) for pair in requests],
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

    def outputs(name, fetched):
        named = signatures[name].outputs.items()
        return {key: _array(fetched[out.name]) for key, out in named if fetched}

    return [
        {**answer, "outputs": outputs(name, answer["fetched"])}
        for (name, _), answer in zip(requests, reply["answers"], strict=True)
    ]


def _tensor(value):
    if isinstance(value, list):
        return {"shape": [len(value)], "strings": [base64.b64encode(content).decode() for content in value]}
    return {"shape": list(value.shape), "floats": value.ravel().tolist()}


def _array(tensor):
    if "strings" in tensor:
        values = [base64.b64decode(text).decode() for text in tensor["strings"]]
    else:
        values = tensor.get("floats", tensor.get("integers"))
    return np.reshape(values, tensor["shape"])
