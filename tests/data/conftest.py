import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def folder(tmp_path):
    """A maker of folders: writes one grey PNG for each (name, level), and returns the folder."""

    def make(levels, size=(6, 5)):
        for name, level in levels.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            # Pillow takes the format from the extension, which may be in capitals.
            Image.fromarray(np.full((*size, 3), level, np.uint8)).save(path)
        return tmp_path

    return make
