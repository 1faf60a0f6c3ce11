from pathlib import Path

import tensorflow as tf


def write_warmup_requests(folder, examples):
    """Writes the requests that TensorFlow Serving sends itself before it calls a new version ready.

    The first request of a signature pays for graph optimization and memory; with these the server pays, not the
    first user. Needs `tensorflow-serving-api` (`pip install keras_ssl[serving]`), whose messages they are.

    Args:
        folder: The version folder.
        examples: Dict from signature name to the dict from input name to a tensor of one example.

    Returns:
        Whether the file was written: `False` where `tensorflow-serving-api` is not installed.

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
