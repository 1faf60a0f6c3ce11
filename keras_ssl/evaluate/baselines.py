from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from keras_ssl.backbones.copies import rebuilt
from keras_ssl.backbones.seeded_weights import seeded_weights
from keras_ssl.evaluate.embedding_function import EmbeddingFunction
from keras_ssl.evaluate.estimate_batch_statistics import estimate_batch_statistics
from keras_ssl.evaluate.features import Features, collect, extract_features
from keras_ssl.evaluate.image_batches import ImageBatches
from keras_ssl.evaluate.knn import knn
from keras_ssl.evaluate.score import mean_score

#: Baselines of the kNN accuracy that is logged in training: their names in the log and in sentences.
KNN_BASELINES = {"knn_accuracy_of_raw_pixels": "raw pixels", "knn_accuracy_of_random_encoder": "the random encoder"}


def raw_pixels(dataset: Any, batch_size: int = 256, verbose: int = 0, name: str = "raw pixels") -> Features:
    """Pixels as features: the baseline without an encoder.

    They are scaled to [-1, 1], as encoders see them. Mid-gray is then the origin, so a cosine, such as kNN's,
    compares what is in an image and not how bright it is.

    Args:
        dataset: As for `extract_features`.
        batch_size: Integer. For arrays only. Defaults to `256`.
        verbose: 0 for silence or 1 for a progress bar. Defaults to `0`.
        name: String. What the bar is called. Defaults to `"raw pixels"`.

    Returns:
        `Features`: a float32 array (n, height * width * channels) in [-1, 1], and the labels.

    Raises:
        ValueError: If there are no images.

    Example:

    >>> digits = keras_ssl.data.load("digits", split="test", labels=True)
    >>> keras_ssl.evaluate.raw_pixels(digits).features.shape
    (360, 64)
    """
    return collect(pixels_as_features, ImageBatches(dataset, batch_size), verbose, name)


def pixels_as_features(images: npt.ArrayLike) -> np.ndarray:
    """Converts images (n, height, width, channels), pixels in [0, 255], to float32 features (n, d) in [-1, 1]."""
    images = np.asarray(images, np.float32)
    return images.reshape(len(images), -1) / 127.5 - 1


def random_encoder(
    encoder: keras.Model, images: Any, seed: int = 0, batch_size: int = 256, verbose: int = 0
) -> keras.Model:
    """Copy of an encoder with random weights: the baseline that shows what training has added.

    The initializers in the encoder's configuration draw new weights. None of the encoder's own weights are used, not
    even pretrained ones. Only an adapted `Normalization` layer keeps its statistics, because it is preprocessing.
    Batch normalization then gets the statistics of `images` (`estimate_batch_statistics`). Without them the features
    of a random network are worse than necessary.

    Args:
        encoder: A built `keras.Model` that Keras can serialize. It is not changed.
        images: Training images, as a data set or array like those of `extract_features`; labels are ignored.
        seed: Integer. The same seed gives the same weights. Defaults to `0`.
        batch_size: Integer. For arrays only. Defaults to `256`.
        verbose: 0 for silence or 1 for a progress bar. Defaults to `0`.

    Returns:
        A `keras.Model`.

    Raises:
        ValueError: If there are no images, Keras cannot rebuild the encoder from its configuration, or rebuilding
            restores trained weights.

    Example:

    >>> images = np.random.uniform(0, 255, (64, 8, 8, 1))
    >>> encoder = keras_ssl.backbones.small_cnn((8, 8, 1))
    >>> baseline = keras_ssl.evaluate.random_encoder(encoder, images, seed=1)
    >>> baseline(images).shape
    TensorShape([64, 256])
    """
    fresh = _redrawn(encoder, seed)
    # Batch statistics are not estimated in frozen layers.
    fresh.trainable = True
    estimate_batch_statistics(fresh, images, batch_size, verbose)
    _check_no_leak(encoder, fresh)
    return fresh


def random_baseline(
    encoder: keras.Model,
    train: Any,
    test: Any,
    score: Callable[..., Any] = knn,
    seeds: int = 3,
    batch_size: int = 256,
    verbose: int = 0,
) -> Any:
    """Mean score of several encoders with random weights, and its standard deviation.

    Args:
        encoder: A built `keras.Model`, the architecture.
        train: Labelled training images, as for `extract_features`; batch statistics are estimated on them too.
        test: Labelled test images, likewise.
        score: Function from training and test `Features` to a `Score` or a dict of them, such as `knn`,
            `linear_probe` or `few_label`, or a `functools.partial` of one with other settings. Defaults to `knn`.
        seeds: Positive integer. The number of encoders. Defaults to `3`.
        batch_size: Integer. For arrays only. Defaults to `256`.
        verbose: 0 for silence or 1 for progress bars. Defaults to `0`.

    Returns:
        What `score` returns, with the mean of the accuracies and their deviation over the encoders.

    Raises:
        ValueError: As for `random_encoder` and for `score`.

    Example:

    >>> x, y = np.random.uniform(0, 255, (64, 8, 8, 1)), np.arange(64) % 2
    >>> encoder = keras_ssl.backbones.small_cnn((8, 8, 1))
    >>> baseline = keras_ssl.evaluate.random_baseline(encoder, (x, y), (x, y))
    >>> 0 <= baseline.accuracy <= 1
    True
    """
    if seeds < 1:
        raise ValueError(f"seeds must be a positive number of encoders. Received: seeds={seeds}")
    results = []
    for seed in range(seeds):
        fresh = random_encoder(encoder, train, seed, batch_size, verbose)
        name = f"features of the {{}} images, random encoder {seed + 1}"
        parts = [
            extract_features(fresh, train, batch_size, verbose, name.format("training")),
            extract_features(fresh, test, batch_size, verbose, name.format("test")),
        ]
        results.append(score(*parts))
    if isinstance(results[0], dict):
        return {key: _over_encoders([result[key] for result in results]) for key in results[0]}
    return _over_encoders(results)


def knn_baselines(
    encoder: keras.Model, train: Any, image_shape: tuple[int | None, ...], measure: Callable[[Callable], float]
) -> dict[str, float]:
    """kNN accuracy of raw pixels and of a random encoder, before any training.

    Args:
        encoder: A `keras.Model`. Its architecture with random weights is one baseline (`random_encoder`).
        train: Training images, for the batch statistics of the random encoder.
        image_shape: Tuple (height, width, channels).
        measure: Function that takes a function from images to features and returns the accuracy of those features.

    Returns:
        dict from the names of `KNN_BASELINES` to floats, without the random encoder if Keras cannot rebuild the
        encoder.
    """
    pixels, random = KNN_BASELINES
    baselines = {pixels: measure(pixels_as_features)}
    try:
        fresh = random_encoder(encoder, train)
    except ValueError:
        return baselines
    return {**baselines, random: measure(EmbeddingFunction(fresh, image_shape))}


def _over_encoders(scores):
    protocol = (
        f"{scores[0].protocol} Mean and deviation over {len(scores)} encoders with random weights, their batch "
        "normalization estimated on the training images."
    )
    return mean_score(scores, scores[0].name, protocol, {**scores[0].settings, "random_encoders": len(scores)})


def _redrawn(encoder, seed):
    with seeded_weights(seed):
        fresh = rebuilt(encoder, lambda config: _with_seeds(config, np.random.default_rng(seed)))
    for old, new in zip(encoder._flatten_layers(), fresh._flatten_layers(), strict=True):
        if isinstance(old, keras.layers.Normalization):
            new.set_weights(old.get_weights())
            new.finalize_state()
    return fresh


def _with_seeds(config, rng):
    """The configuration with a random integer for every seed, of initializers and of random layers."""
    if isinstance(config, list | tuple):
        return type(config)(_with_seeds(item, rng) for item in config)
    if not isinstance(config, dict):
        return config
    return {
        key: int(rng.integers(2**31 - 1)) if key == "seed" else _with_seeds(value, rng)
        for key, value in config.items()
        if key != "compile_config"
    }


def _check_no_leak(encoder, fresh):
    """Raises a ValueError if the configuration restores a trained weight."""
    for old, new in zip(encoder.weights, fresh.weights, strict=True):
        value = keras.ops.convert_to_numpy(old)
        if new.trainable and np.ptp(value) > 0 and np.array_equal(value, keras.ops.convert_to_numpy(new)):
            raise ValueError(
                "Rebuilding the encoder from its configuration restores trained weights, so there is no random "
                "encoder to compare with: build it from layers with random initializers. "
                f"Received: {old.path} unchanged"
            )
