import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from keras_ssl.checks.finite import check_finite_weights
from keras_ssl.checks.networks import check_encoder
from keras_ssl.data.deep_png import check_bits
from keras_ssl.data.resize import check_resize
from keras_ssl.export import checks
from keras_ssl.export.answers import encoder_answer
from keras_ssl.export.inference_copy import inference_copy
from keras_ssl.export.signatures import serving_module
from keras_ssl.export.write_version import write_version


def saved_model(
    encoder: keras.Model,
    path: str | os.PathLike[str],
    *,
    classifier: keras.Model | None = None,
    class_names: Sequence[str] | None = None,
    resize: str = "stretch",
    image_size: tuple[int, int] | None = None,
    metadata: Mapping[str, Any] | None = None,
    orientation: str = "exif",
    bits: int | None = None,
) -> Path:
    """Write an encoder as the next version of a SavedModel for TensorFlow Serving.

    The version folder has two signatures:

    - `serving_default` takes `images`, float32 raw pixels in `[0, 255]` of shape `(batch, height, width, channels)`.
    - `serve_bytes` takes `image_bytes`, strings of shape `(batch,)`: whole JPEG, PNG, GIF, BMP or WebP files of any
      size. The function of `data.from_directory` decodes and resizes them, so that training and serving see the same
      pixels: the first frame of an animation, rotated according to EXIF. TIFF and DICOM files are not read: send
      their pixels to `serving_default`. The files hold 1 or 3 channels, so encoders for other numbers of channels
      have no `serve_bytes`.

    Both return `embedding`, float32 of shape `(batch, features)`. With a classifier they also return `probabilities`,
    float32 of shape `(batch, classes)`, and `class`, of shape `(batch,)`: names if there are `class_names`, otherwise
    int64 numbers. They compute in float32, also after training in mixed precision.

    The version folder also has `encoder.keras` (and `classifier.keras`), the same models for Keras, and
    `manifest.json`, with facts about the model and a checksum of every file. If `tensorflow-serving-api` is installed
    (`pip install keras_ssl[serving]`), it also has the warm-up requests that TensorFlow Serving sends itself before
    it reports a version as ready.

    A version appears complete or not at all: it is written into a hidden folder under `path`, which TensorFlow
    Serving ignores, and then renamed. An existing version is never overwritten, even when two processes export to one
    `path` at once. A hidden folder left by a killed process is removed by the first export after a day.

    A string that is not an image, or whose header states more than 50 megapixels (checked before decoding), gives an
    `InvalidArgument` error for its request, and the server continues. If the server batches requests
    (`--enable_batching`), requests in one batch share that error. If clients are not trusted, do not use batching for
    `serve_bytes`, or let clients decode and send `images`.

    Args:
        encoder: A built `keras.Model` from images `(batch, height, width, channels)`, raw pixels in `[0, 255]`, to
            features `(batch, features)`.
        path: String or path. Folder of all versions on a local disk, `saved_models/NAME`. Created if missing.
        classifier: A built `keras.Model` from the encoder's features to probabilities (a softmax). Defaults to
            `None`: only the encoder is exported.
        class_names: List of strings, in the order of the classifier's outputs. Defaults to `None`: class numbers.
        resize: String. How files are resized, as in `data.from_directory`: `"stretch"`, `"crop"` or `"pad"`.
            Defaults to `"stretch"`.
        image_size: Tuple `(height, width)`. Size that files are resized to, for an encoder that takes images of any
            size. Defaults to `None`: the encoder's own.
        metadata: Dict of JSON values for the manifest; `method` and `data` go to its top level. Defaults to `None`.
        orientation: String. As in `data.from_directory`: `"exif"` rotates files upright, `"ignore"` does not.
            Defaults to `"exif"`.
        bits: Integer. As in `data.from_directory`: how many of the 16 bits of a 16-bit PNG are used. Defaults to
            `None`: as stated in the PNG, or else all.

    Returns:
        A `pathlib.Path`. The new version folder: `path/1`, `path/2`, …

    Raises:
        TypeError: If `classifier`, `class_names` or `metadata` has the wrong type.
        ValueError: If `encoder` is not such a model, the models do not fit together, cannot be saved or have weights
            that are NaN or infinite, or `path` is a file or a URL.

    Example:

    >>> encoder = keras_ssl.backbones.small_cnn((32, 32, 3))
    >>> classifier = keras.Sequential([keras.Input((256,)), keras.layers.Dense(2, activation="softmax")])
    >>> version = keras_ssl.export.saved_model(
    ...     encoder, "saved_models/pets", classifier=classifier, class_names=["cat", "dog"]
    ... )
    >>> version.name
    '1'
    """
    checks.refuse_scene_model(encoder)
    image_shape, features = check_encoder(encoder)
    checks.check_classifier(classifier, features, class_names)
    for model in (encoder, classifier):
        if model is not None:
            check_finite_weights(model)
    checks.check_metadata(metadata)
    image_size = checks.check_serving_size(image_size, image_shape, "encoder")
    check_resize(resize)
    check_bits(bits)
    checks.check_path(path)

    models = {"encoder": inference_copy(encoder)}
    if classifier is not None:
        models["classifier"] = inference_copy(classifier)
    class_names = None if class_names is None else list(class_names)
    answer = encoder_answer(models["encoder"], models.get("classifier"), class_names)
    module, signatures = serving_module(answer, image_shape, image_size, resize, orientation, bits)
    return write_version(
        path,
        module,
        signatures,
        models,
        kind="encoder",
        image_size=image_size,
        channels=image_shape[2],
        resize=resize,
        orientation=orientation,
        bits=bits,
        class_names=class_names,
        metadata=metadata,
    )
