from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from keras_ssl.evaluate.few_label import C, shuffled_classes
from keras_ssl.evaluate.image_batches import labelled_arrays
from keras_ssl.evaluate.score import Score, mean_score
from keras_ssl.transfer.fine_tune import fine_tune
from keras_ssl.transfer.from_scratch import from_scratch


def few_label(
    train: Any,
    test: Any,
    encoder: keras.Model,
    shares: Sequence[float] = (0.01, 0.1),
    repeats: int = 1,
    seed: int = 0,
    **settings: Any,
) -> dict[str, dict[float, Score]]:
    """Accuracy of fine-tuning on a share of the labels, compared with training from scratch.

    The semi-supervised evaluation of SimCLR and its successors (Chen et al. 2020, https://arxiv.org/abs/2002.05709,
    section 6): `fine_tune` and `from_scratch` on 1 % and 10 % of the labelled images. The same share of each class is
    drawn at random, at least one image. The draws depend only on the labels and the seed, so all encoders that are
    compared on a data set get the same images. They are nested: the 1 % of a repeat are among its 10 %. The other
    training images are not used.

    Args:
        train: Labelled images, as for `fine_tune`.
        test: Like `train`. Every trained network is scored on all of it.
        encoder: As for `fine_tune`.
        shares: Sequence of floats in (0, 1]. The shares of the labels. Defaults to `(0.01, 0.1)`.
        repeats: Positive integer. The number of draws. The training of each draw has its own seed. Defaults to `1`.
        seed: Integer. It determines the draws and the training. Defaults to `0`.
        **settings: Settings of `fine_tune`, used by both. The penalty of the linear probe, with which the head
            starts, defaults to `C=1`, because there are too few labels to choose it.

    Returns:
        Dict from "fine-tuned" and "from scratch" to dicts from the share to a `Score`. With two or more repeats, a
        score has a standard deviation. `format_table` prints the result.

    Raises:
        ValueError: As for `fine_tune`, or if shares or repeats are out of their range.

    Example:

    >>> train, test = (keras_ssl.data.load("digits", part, labels=True) for part in ("train", "test"))
    >>> encoder = keras_ssl.backbones.small_cnn((8, 8, 1), filters=(8, 16))
    >>> rows = keras_ssl.transfer.few_label(train, test, encoder, shares=(0.02,), epochs=2)
    >>> {name: list(scores) for name, scores in rows.items()}
    {'fine-tuned': [0.02], 'from scratch': [0.02]}
    """
    settings = {"C": C, **settings}
    return {
        name: at_shares(score, train, test, encoder, shares, repeats, seed, **settings)
        for name, score in (("fine-tuned", fine_tune), ("from scratch", from_scratch))
    }


def at_shares(score, train, test, encoder, shares, repeats, seed, **settings):
    """Return a dict from the share to the mean of `score(encoder, images, test)` over the draws."""
    if not shares or not all(0 < share <= 1 for share in shares) or repeats < 1:
        raise ValueError(
            "shares must lie in (0, 1], and repeats must be a positive integer. "
            f"Received: shares={shares}, repeats={repeats}"
        )
    images, labels = labelled_arrays(train, "train")
    draws = [shuffled_classes(labels, [seed, repeat]) for repeat in range(repeats)]

    def scored(share, repeat):
        rows = np.concatenate([rows[: max(1, round(share * len(rows)))] for rows in draws[repeat]])
        return score(encoder, (images[rows], labels[rows]), test, seed=seed + repeat, **settings)

    results = {share: [scored(share, repeat) for repeat in range(repeats)] for share in shares}
    return {
        share: mean_score(
            scores,
            f"{100 * share:g} % of labels",
            f"{scores[0].protocol} On {100 * share:g} % of the training images of each class, "
            f"{scores[0].settings['training_images']} in all; {repeats} draw{'s' * (repeats > 1)}.",
            {**scores[0].settings, "share": share, "repeats": repeats, "seed": seed},
        )
        for share, scores in results.items()
    }
