import dataclasses
from typing import Any

import keras

from keras_ssl.evaluate.baselines import random_encoder
from keras_ssl.evaluate.score import Score
from keras_ssl.transfer.fine_tune import fine_tune


def from_scratch(
    encoder: keras.Model, train: Any, test: Any, *, learning_rate: float = 1e-3, seed: int = 0, **settings: Any
) -> Score:
    """Accuracy of the encoder's architecture trained from random weights: the baseline of `fine_tune`.

    The same training, but it starts from `random_encoder` and a random head, with one learning rate for all layers,
    because there are no pretrained features to keep.

    Args:
        encoder: As for `fine_tune`. Its weights are not used.
        train: As for `fine_tune`.
        test: As for `fine_tune`.
        learning_rate: Positive float. Defaults to `1e-3`, the default of Adam.
        seed: Integer. As for `fine_tune`; it determines the random weights too. Defaults to `0`.
        **settings: As for `fine_tune`, but `head_first` is always `False` and `layer_decay` always `1.0`.

    Returns:
        A `Score` with the same name as that of `fine_tune`, so that both share a column of a table.

    Raises:
        ValueError: As for `fine_tune` and `random_encoder`.

    Example:

    >>> train, test = (keras_ssl.data.load("digits", part, labels=True) for part in ("train[:300]", "test"))
    >>> encoder = keras_ssl.backbones.small_cnn((8, 8, 1), filters=(8, 16))
    >>> keras_ssl.transfer.from_scratch(encoder, train, test, epochs=3).settings["layer_decay"]
    1.0
    """
    settings |= {"head_first": False, "layer_decay": 1.0, "learning_rate": learning_rate, "seed": seed}
    score = fine_tune(random_encoder(encoder, train, seed), train, test, **settings)
    return dataclasses.replace(
        score,
        protocol="All layers trained on views of the training images by AdamW, from random weights, at one learning "
        "rate; settings are fixed beforehand; scored once on the test images.",
    )
