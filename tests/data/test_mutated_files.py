"""Files with bytes that are not theirs: no reader crashes, hangs, writes, or makes pictures of another size."""

import io
import time

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_ssl import backbones, export
from keras_ssl.data import from_directory

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
EACH = 2000
SECONDS_A_FILE = 10


def mutated(rng):
    """Some picture with bytes changed, cut off, doubled or left out."""
    kind = FORMATS[rng.integers(len(FORMATS))]
    mode = ("RGB", "L", "P", "RGBA")[rng.integers(4)]
    pixels = rng.integers(0, 256, (int(rng.integers(1, 24)), int(rng.integers(1, 24)), 3), dtype="uint8")
    file = io.BytesIO()
    Image.fromarray(pixels).convert("RGB" if kind == "JPEG" and mode in ("P", "RGBA") else mode).save(file, kind)
    data = bytearray(file.getvalue())
    for _ in range(rng.integers(1, 8)):
        place, change = int(rng.integers(len(data))), rng.integers(5)
        # Half of the changes meet the header, which says how much there is to read.
        place = place % 64 if rng.random() < 0.5 else place
        if change == 0:
            data[place % len(data)] = int(rng.integers(256))
        elif change == 1:
            data[place % len(data)] ^= 1 << int(rng.integers(8))
        elif change == 2:
            data[place : place + 4] = bytes([[0, 0, 0, 0], [255] * 4, [127, 255, 255, 255]][rng.integers(3)])
        elif change == 3:
            data[place:place] = data[place : place + int(rng.integers(1, 32))]
        else:
            del data[max(1, place) :]
        data = data or bytearray(b"\0")
    return kind, bytes(data)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_folder_of_mutated_files_is_read_as_far_as_it_can_be(tmp_path, rng, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.zeros((8, 8, 3), "uint8")).save(tmp_path / "good.png")
    for number in range(EACH * len(FORMATS)):
        kind, data = mutated(rng)
        (tmp_path / f"{number}.{kind.lower()}").write_bytes(data)
    before = set(tmp_path.rglob("*"))
    images = from_directory(tmp_path, image_size=(16, 16), batch_size=64, on_error="skip", shuffle=False)
    shapes = {batch.shape[1:] for batch in images.as_numpy_iterator()}
    assert shapes == {(16, 16, 3)}
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.slow
def test_serve_bytes_answers_or_refuses_each(tmp_path, rng, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = export.saved_model(backbones.mlp((16, 16, 3), (4,)), tmp_path / "model", image_size=(16, 16))
    serve = tf.saved_model.load(str(path)).signatures["serve_bytes"]
    before = set(tmp_path.rglob("*"))
    answered = 0
    for _ in range(EACH * len(FORMATS)):
        _, data = mutated(rng)
        start = time.perf_counter()
        try:
            (features,) = serve(tf.constant([data])).values()
        except tf.errors.OpError:
            continue
        finally:
            assert time.perf_counter() - start < SECONDS_A_FILE
        answered += 1
        assert features.shape[0] == 1 and np.isfinite(features).all()
    assert answered > EACH // 4
    assert set(tmp_path.rglob("*")) == before
