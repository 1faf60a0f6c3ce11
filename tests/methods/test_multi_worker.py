import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest

TRAIN = """
import os, sys
import keras, keras_ssl, numpy as np, tensorflow as tf

folder, worker = sys.argv[1:]
strategy = keras_ssl.distribute.strategy("multi_worker" if "TF_CONFIG" in os.environ else "none")
for count in (24, 21):
    with strategy.scope():
        keras.utils.set_random_seed(1)
        encoder = keras_ssl.backbones.mlp((8, 8, 1), units=(16, 8), synchronized=True)
        head = keras_ssl.heads.projection_head(8, output_units=8, synchronized=True)
        model = keras_ssl.SimCLR(encoder, head)
        model.compile(keras.optimizers.SGD(0.05, momentum=0.9))
    images = np.random.default_rng(0).integers(0, 256, (count, 8, 8, 1), dtype="uint8")
    history = model.fit(images, batch_size=8, epochs=2, verbose=0).history
    np.savez(f"{folder}/{worker}-{count}.npz", loss=history["loss"], *model.get_weights())
"""


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(tmp_path):
    """Of 24 images, and of 21: of the last batch the one process has three then, and the other two."""
    addresses = [f"127.0.0.1:{_free_port()}" for _ in range(2)]
    environment = {key: value for key, value in os.environ.items() if key != "TF_CONFIG"}
    cluster = {"worker": addresses}
    settings = {
        worker: {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": "worker", "index": worker}})}
        for worker in range(2)
    }
    settings["alone"] = {}
    processes = [
        subprocess.Popen([sys.executable, "-c", TRAIN, str(tmp_path), str(name)], env=environment | added)
        for name, added in settings.items()
    ]
    try:
        assert [process.wait(timeout=600) for process in processes] == [0, 0, 0]
    finally:
        for process in processes:
            process.kill()
    for count in (24, 21):
        first, second, alone = (dict(np.load(tmp_path / f"{name}-{count}.npz")) for name in (0, 1, "alone"))
        for key, value in alone.items():
            np.testing.assert_array_equal(first[key], second[key])
            np.testing.assert_allclose(first[key], value, atol=1e-4, err_msg=f"{key} of {count} images")


def _free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
