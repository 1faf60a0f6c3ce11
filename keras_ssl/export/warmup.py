import os
from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf


def write_warmup_requests(folder: str | os.PathLike[str], examples: Mapping[str, Mapping[str, tf.Tensor]]) -> bool:
    """Write the requests that TensorFlow Serving sends itself before it reports a new version as ready.

    The first request of a signature is slow, because the graph is optimized and memory allocated. With these requests
    no user waits for that. Their message types come from `tensorflow-serving-api` (`pip install
    keras_ssl[serving]`).

    Args:
        folder: The version folder.
        examples: Dict from signature name to a dict from input name to the tensor of one example.

    Returns:
        Boolean. Whether the file was written: `False` if `tensorflow-serving-api` is not installed.

    Source: https://www.tensorflow.org/tfx/serving/saved_model_warmup
    """
    try:
        from tensorflow_serving.apis import predict_pb2, prediction_log_pb2
    except ImportError:
        return False
    target = Path(folder) / "assets.extra" / "tf_serving_warmup_requests"
    target.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(target)) as records:
        for signature, inputs in examples.items():
            request = predict_pb2.PredictRequest()
            request.model_spec.signature_name = signature
            for name, value in inputs.items():
                request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
            log = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
            records.write(log.SerializeToString())
    return True
