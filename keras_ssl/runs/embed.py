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
) -> tuple[int, int]:
    """Write the features of all images in a folder to an .npz file with the arrays `features` and `files`.

    Args:
        run: A `Run`, or the path of one.
        folder: Path of the folder of images, which may have subfolders.
        to: Path of the file to write. `.npz` is added if the name does not end in it.
        on_error: "raise" or "skip". What to do about files that cannot be read. Defaults to `"raise"`.
        verbose: Integer. 0 for no progress bar. Defaults to `1`.

    Returns:
        The shape of the features, (images, features).

    Raises:
        ValueError: If there are no images, or none can be read with `on_error="skip"`.
        tf.errors.InvalidArgumentError: If a file cannot be read with `on_error="raise"`.

    Example:

    >>> import keras_ssl, numpy as np
    >>> shape = keras_ssl.runs.embed("runs/photos", "photos", "features.npz")   # doctest: +SKIP
    >>> np.load("features.npz")["files"]                                        # doctest: +SKIP
    """
    run = as_run(run)
    # Not Path.with_suffix: it would replace the .2024-01 of out.2024-01.
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
