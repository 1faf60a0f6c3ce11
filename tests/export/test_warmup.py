"""TensorFlow Serving's side, played in Python: its warm-up records, a PredictRequest, and its JSON."""

import base64
import json
import sys

import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import export
from keras_ssl.data.decode import decode_and_resize
from keras_ssl.export.warmup import write_warmup_requests


@pytest.fixture(scope="module")
def model(exported):
    return tf.saved_model.load(str(exported.version))


def answer_predict_request(model, request):
    """What the server does with a PredictRequest: the named signature on the named tensors."""
    inputs = {name: tf.constant(tf.make_ndarray(proto)) for name, proto in request.inputs.items()}
    return model.signatures[request.model_spec.signature_name](**inputs)


def answer_json(model, body):
    """What the server does with a REST request in the row format: Base64 objects become strings, rows a batch."""
    request = json.loads(body)
    (name,) = request["instances"][0]
    rows = [
        base64.b64decode(row[name]["b64"]) if isinstance(row[name], dict) else row[name]
        for row in request["instances"]
    ]
    outputs = model.signatures[request["signature_name"]](**{name: tf.constant(rows)})
    columns = {name: value.numpy().tolist() for name, value in outputs.items()}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return json.dumps({"predictions": rows}, default=bytes.decode)


def test_the_warmup_requests_can_be_answered(exported, model):
    prediction_log_pb2 = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    records = tf.data.TFRecordDataset(str(exported.version / "assets.extra" / "tf_serving_warmup_requests"))
    requests = [prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request for record in records]
    assert [request.model_spec.signature_name for request in requests] == ["serving_default", "serve_bytes"]
    gray = exported.encoder(np.full((1, 16, 16, 3), 127), training=False)
    for request in requests:
        outputs = answer_predict_request(model, request)
        np.testing.assert_allclose(outputs["embedding"], gray, rtol=1e-5)
    assert export.verify(exported.version)["warmup"] == "written"


def test_a_predict_request_over_the_wire(exported, model, files):
    predict_pb2 = pytest.importorskip("tensorflow_serving.apis.predict_pb2")
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "pets"
    request.model_spec.signature_name = "serve_bytes"
    request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto(files))
    received = predict_pb2.PredictRequest.FromString(request.SerializeToString())
    outputs = answer_predict_request(model, received)
    pixels = np.stack([decode_and_resize(file, image_size=(16, 16)) for file in files])
    np.testing.assert_allclose(outputs["embedding"], exported.encoder(pixels, training=False), rtol=1e-5)


def test_a_rest_request(exported, model, files):
    instances = [{"image_bytes": {"b64": base64.b64encode(file).decode()}} for file in files]
    reply = answer_json(model, json.dumps({"signature_name": "serve_bytes", "instances": instances}))
    predictions = json.loads(reply)["predictions"]
    assert len(predictions) == len(files)
    pixels = np.stack([decode_and_resize(file, image_size=(16, 16)) for file in files])
    embedding = exported.encoder(pixels, training=False)
    for prediction, expected in zip(predictions, embedding, strict=True):
        np.testing.assert_allclose(prediction["embedding"], expected, rtol=1e-5)
        assert sum(prediction["probabilities"]) == pytest.approx(1)
        assert prediction["class"] in exported.class_names


def test_without_the_serving_package_there_are_none(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_serving.apis", None)  # as if it were not installed
    assert not write_warmup_requests(tmp_path, {"serving_default": {"images": tf.zeros((1, 2, 2, 3))}})
    assert list(tmp_path.iterdir()) == []
