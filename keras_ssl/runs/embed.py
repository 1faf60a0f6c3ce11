import os
from pathlib import Path
from typing import Any

import numpy as np

from keras_ssl.data import from_directory
from keras_ssl.data.memoize import memoize_scans
from keras_ssl.evaluate import extract_features
from keras_ssl.files.atomic_write import atomic_write
from keras_ssl.files.make_folder import make_folder
from keras_ssl.runs.run import as_run


@memoize_scans()
def embed(
    run: Any, folder: str | os.PathLike[str], to: str | os.PathLike[str], *, on_error: str = "raise", verbose: int = 1
):
    """Writes the features of all images in a folder to an .npz file: arrays `features` and `files`.

    Args:
        run: a `Run`, or the path of one.
        folder: the folder of images, which may have subfolders.
        to: the file to write; `.npz` is added to a name that does not end in it.
        on_error: "raise" or "skip", what to do about a file that is no image.
        verbose: 0 for no progress bar.

    Returns:
        The shape of the features, (images, features).

    Raises:
        ValueError: where there are no images, or a file is none.

    Example:

    >>> import keras_ssl, numpy as np
    >>> shape = keras_ssl.runs.embed("runs/photos", "photos", "features.npz")   # doctest: +SKIP
    >>> np.load("features.npz")["files"]                                        # doctest: +SKIP
    """
    run = as_run(run)
    # Not Path.with_suffix: in out.2024-01 it takes .2024-01 for the suffix.
    to = Path(to) if Path(to).suffix == ".npz" else Path(f"{to}.npz")
    make_folder(to.parent)
    encoder = run.encoder()
    height, width, channels = encoder.input_shape[1:]
    images = from_directory(
        folder,
        image_size=(height, width),
        channels=channels,
        shuffle=False,
        resize=run.config["data"]["resize"],
        on_error=on_error,
        bits=run.config["data"].get("bits"),
    )
    features = extract_features(encoder, images, verbose=verbose).features
    atomic_write(to, lambda path: np.savez(path, features=features, files=np.array(images.file_paths)))
    return features.shape
