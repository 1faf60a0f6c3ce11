import warnings
from typing import Any

import keras
import numpy as np

from keras_ssl.callbacks.require_encoder import require_encoder
from keras_ssl.evaluate import rankme
from keras_ssl.evaluate.embedding_function import EmbeddingFunction
from keras_ssl.evaluate.features import collect
from keras_ssl.evaluate.image_batches import ImageBatches
from keras_ssl.evaluate.thresholds import MIN_RANK, MIN_SPREAD
from keras_ssl.losses import embedding_spread

# Features that have lost 99 % of their standard deviation since the first measurement have collapsed to 0, whatever
# their directions.
SMALLEST_SHARE_OF_STD = 0.01


class CollapseMonitor(keras.callbacks.Callback):
    """Warns when the features collapse: when all images get nearly the same features.

    A loss that pulls views together is lowest when all embeddings are equal, so it does not show a collapse. After
    each epoch this callback checks the `embedding_spread` that a method logs. Given some hundred images, it also
    computes the encoder's features of them, and logs

    - `feature_spread`: how far apart their directions are, about 1 over the whole sphere and 0 at one point
      (`keras_ssl.losses.embedding_spread`); 0.1 is usual for a ReLU network before training;
    - `feature_rank`: how many dimensions they use (`keras_ssl.evaluate.rankme`), at most the number of images;
    - `feature_std`: the standard deviation of a feature over the images, averaged over the features.

    It warns once, and again only after a recovery. Training does not change: the encoder runs in inference mode, and
    no random number is drawn. Place it before the callbacks that use the numbers, such as `CSVLogger`.

    Args:
        images: A batched `tf.data.Dataset` or an array of images, raw pixels in `[0, 255]`, with or without labels.
            Not the data set object of fit, whose order it would change. Defaults to `None`: only the logs are
            checked.
        every: Integer > 0. Epochs between measurements. The first and the last epoch always have one; epochs without
            one repeat the last numbers. Defaults to `1`.
        min_spread: Float in `[0, 1]`. A lower `embedding_spread` or `feature_spread` is a collapse. Defaults to
            `0.03`, where the mean cosine similarity of two images is 0.999.
        min_rank: Float >= 1. A lower `feature_rank` is a collapse. Defaults to `1.5`.
        stop: Boolean. Whether to stop the training with the warning. Defaults to `False`.
        batch_size: Integer. Batch size for an array. Defaults to `256`.

    Raises:
        ValueError: If `every`, `min_spread` or `min_rank` is out of its range; in fit, if the images do not suit the
            encoder.

    Example:

    >>> x = np.random.randint(0, 256, (64, 8, 8, 1), "uint8")
    >>> model = keras_ssl.SimCLR(keras_ssl.backbones.small_cnn((8, 8, 1)))
    >>> model.compile(optimizer="adam")
    >>> monitor = keras_ssl.callbacks.CollapseMonitor(x[:32], stop=True)
    >>> history = model.fit(x, batch_size=32, callbacks=[monitor], verbose=0)
    >>> history.history["feature_rank"][0] > 1
    True
    """

    def __init__(
        self,
        images: Any = None,
        every: int = 1,
        min_spread: float = MIN_SPREAD,
        min_rank: float = MIN_RANK,
        stop: bool = False,
        batch_size: int = 256,
    ) -> None:
        super().__init__()
        if every < 1:
            raise ValueError(f"every must be a positive number of epochs. Received: every={every}")
        if not 0 <= min_spread <= 1:
            raise ValueError(f"min_spread must be between 0 and 1. Received: min_spread={min_spread}")
        if not min_rank >= 1:
            raise ValueError(f"min_rank must be at least 1, the lowest rank. Received: min_rank={min_rank}")
        self._images = None if images is None else ImageBatches(images, batch_size)
        self._every = every
        self._min_spread = min_spread
        self._min_rank = min_rank
        self._stop = stop

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Compile the encoder's inference once per fit, and reset the state of an earlier fit."""
        self._measured, self._first_std, self._collapsed = {}, None, False
        if self._images is None:
            return
        encoder = require_encoder(self, otherwise="; without images it checks only the logs")
        self._embed = EmbeddingFunction(encoder, self._images.image_shape)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Measure if a measurement is due, log the numbers, and warn of a collapse."""
        logs = {} if logs is None else logs
        due = (epoch + 1) % self._every == 0 or epoch + 1 == self.params.get("epochs")
        if self._images is not None and (due or not self._measured):
            self._measured = _measure(collect(self._embed, self._images).features)
            self._first_std = self._first_std or self._measured["feature_std"]
        logs.update(self._measured)
        symptoms = [*self._symptoms_of_directions(logs), *self._symptoms_of_scale()]
        if symptoms and not self._collapsed:
            self._warn(epoch, symptoms)
        self._collapsed = bool(symptoms)
        if symptoms and self._stop:
            self.model.stop_training = True

    def _symptoms_of_directions(self, logs):
        for name, least, meaning in (
            ("embedding_spread", self._min_spread, "the embeddings of all images point in nearly one direction"),
            (
                "feature_spread",
                self._min_spread,
                "the features of all images point in nearly one direction",
            ),
            ("feature_rank", self._min_rank, "the features use nearly a single dimension"),
        ):
            value = logs.get(name, np.inf)
            if np.isnan(value):
                yield f"{name} is not a number: training has diverged"
            elif value < least:
                yield f"{name} is {value:.4g}, below {least:g}: {meaning}"

    def _symptoms_of_scale(self):
        std = self._measured.get("feature_std", np.inf)
        if self._first_std and std < SMALLEST_SHARE_OF_STD * self._first_std:
            yield f"feature_std fell from {self._first_std:.4g} to {std:.4g}: the features shrink to nothing"

    def _warn(self, epoch, symptoms):
        warnings.warn(
            f"The features collapsed by epoch {epoch + 1}: {'; '.join(symptoms)}. A falling loss does not show it. "
            "Usual remedies: a lower learning rate or a longer warm-up, batch normalization in the heads, a higher "
            "momentum of the momentum encoder, stronger augmentations, larger batches."
            + (" Training stops here." if self._stop else ""),
            stacklevel=2,
        )


def _measure(features):
    if not np.isfinite(features).all():
        return dict.fromkeys(("feature_spread", "feature_rank", "feature_std"), float("nan"))
    return {
        "feature_spread": float(embedding_spread(features)),
        "feature_rank": rankme(features),
        "feature_std": float(features.std(axis=0).mean()),
    }
