import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image


@pytest.fixture
def folder(tmp_path):
    """A maker of folders: writes one gray PNG for each (name, level), and returns the folder."""

    def make(levels, size=(6, 5)):
        for name, level in levels.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            # Pillow takes the format from the extension, which may be in capitals.
            Image.fromarray(np.full((*size, 3), level, np.uint8)).save(path)
        return tmp_path

    return make


@pytest.fixture(scope="session")
def deep_png():
    """A maker of PNG files of 16 bits, of 8 where the values are uint8, perhaps with the chunk sBIT."""

    def make(values, significant=None):
        values = np.asarray(values)
        values = values if values.dtype == np.uint8 else values.astype(np.uint16)
        content = tf.io.encode_png(values if values.ndim == 3 else values[..., None]).numpy()
        if significant is None:
            return content
        chunk = b"sBIT" + bytes(significant)
        chunk = struct.pack(">I", len(significant)) + chunk + struct.pack(">I", zlib.crc32(chunk))
        return content[:33] + chunk + content[33:]  # behind the header

    return make
