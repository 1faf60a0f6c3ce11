import gc
import os
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("MPLBACKEND", "agg")
# Tests compile much and compute little, so code that XLA has not optimized is done sooner.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
if "PYTEST_XDIST_WORKER" in os.environ:
    # One thread per worker: with two, workers on two cores wait for each other.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

import keras
import numpy as np
import pytest
import tensorflow as tf

# Two logical devices, so that every test process can try MirroredStrategy(["CPU:0", "CPU:1"]).
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
warnings.filterwarnings("ignore", module="keras_cv")


def pytest_collection_finish():
    """What the imports made stays. Otherwise every clear_session below searches it for garbage, for 0.3 seconds."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _fresh_keras():
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_dtype_policy("float32")
    # Python searches for garbage often enough. Once more after every test took a tenth of the suite's time.
    keras.backend.clear_session(free_memory=False)


@pytest.fixture(autouse=True, scope="module")
def _without_garbage():
    yield
    gc.collect()


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def two_replicas():
    """A strategy on two logical devices. One a process: the keys of a second one's collectives are taken already."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


@pytest.fixture
def tfds_dir():
    """The folder of prepared TFDS data sets, where there is one with CIFAR-10 in it."""
    folder = os.environ.get("TFDS_DATA_DIR", "")
    if folder and (Path(folder) / "cifar10").is_dir():
        return str(Path(folder).resolve())
    pytest.skip("no prepared CIFAR-10: set TFDS_DATA_DIR to a folder that has it")
