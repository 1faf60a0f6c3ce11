import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import runs

TINY = {
    "epochs": 2,
    "batch_size": 32,
    "backbone": {"name": "small_cnn", "filters": [4, 8]},
    "heads.projector.output_units": 8,
    "augmenter": {"name": "crops", "flip_probability": 0.0},  # compiles sooner than SimCLR's
}


@pytest.fixture(scope="session")
def tiny():
    """Settings little enough to train in seconds."""
    return TINY


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A finished run on some digits; tests read it and leave it as it is."""
    out = tmp_path_factory.mktemp("runs") / "digits"
    return runs.pretrain("simclr", "digits", out, split="train[:200]", overrides=TINY, verbose=0)


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """A folder of JPEGs of several sizes in two classes: bright and dark."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for name, low in {"bright": 150, "dark": 0}.items():
        (folder / name).mkdir()
        for number in range(30):
            size = rng.integers(20, 60, size=2)
            image = rng.integers(low, low + 100, (*size, 3), dtype="uint8")
            (folder / name / f"{number}.jpg").write_bytes(tf.io.encode_jpeg(image).numpy())
    return folder
