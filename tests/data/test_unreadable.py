"""Why a file cannot be read, in plain words."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_ssl.data import from_directory


def test_reasons_of_files_that_are_left_out_are_plain(tmp_path):
    Image.fromarray(np.zeros((8, 8, 3), "uint8")).save(tmp_path / "good.png")
    whole = (tmp_path / "good.png").read_bytes()
    for name, data in {"empty": b"", "text": b"hello", "cut": whole[:40]}.items():
        (tmp_path / f"{name}.png").write_bytes(data)
    with pytest.warns(UserWarning, match="Skipped 3 of 4"):
        skipped = from_directory(tmp_path, image_size=(8, 8), batch_size=1, on_error="skip").skipped
    assert {Path(path).stem: reason for path, reason in skipped.items()} == {
        "empty": "The image is empty (0 bytes)",
        "text": "This is no image of a known kind (PNG, JPEG, GIF, BMP, WebP)",
        "cut": "Invalid PNG. Failed to initialize decoder",
    }
