import numpy as np
import tensorflow as tf

from keras_ssl.runs.data_source import resolve
from keras_ssl.runs.sample import preview


def test_pictures_show_images_of_all_classes(tmp_path):
    for brightness in (0, 100, 200):
        folder = tmp_path / f"class_{brightness}"
        folder.mkdir()
        for i in range(20):
            image = np.full((8, 8, 3), brightness + i, "uint8")
            (folder / f"{i}.png").write_bytes(tf.io.encode_png(image).numpy())

    source = {**resolve(str(tmp_path), "all", 3, None, "raise", "crop"), "image_size": (8, 8), "read_size": None}
    images = preview(source)

    assert images.shape == (16, 8, 8, 3)
    assert {int(brightness) // 100 for brightness in images[:, 0, 0, 0]} == {0, 1, 2}
    assert (preview(source) == images).all()
