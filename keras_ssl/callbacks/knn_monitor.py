from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from keras_ssl.callbacks.require_encoder import require_encoder
from keras_ssl.evaluate import knn
from keras_ssl.evaluate.baselines import KNN_BASELINES, knn_baselines
from keras_ssl.evaluate.embedding_function import EmbeddingFunction
from keras_ssl.evaluate.features import Features, collect
from keras_ssl.evaluate.image_batches import ImageBatches


class KNNMonitor(keras.callbacks.Callback):
    """Logs the kNN accuracy of the encoder's features during training, as `val_knn_accuracy`.

    A self-supervised loss says little about the features. After an epoch this callback takes the encoder's
    features of a few thousand labelled images and measures the weighted k-nearest-neighbor accuracy
    (`keras_ssl.evaluate.knn`), which needs no fitting. Training does not change: the encoder runs in inference mode,
    and no random number is drawn.

    It measures after the first epoch of a fit, after every `every`-th, and after the last. In the other epochs it
    logs the last result, so that `History`, `CSVLogger`, `EarlyStopping` and similar callbacks find a number in every
    epoch. If features are not finite, it logs NaN.

    It also logs two baselines on the same images, measured once at the start of a fit and the same in every epoch:
    `knn_accuracy_of_raw_pixels` and `knn_accuracy_of_random_encoder`, the encoder with new weights
    (`keras_ssl.evaluate.random_encoder`), if Keras can rebuild it. `plots.training_curves` draws both as dashed
    lines.

    Place it before the callbacks that use the number: `CSVLogger`, `ModelCheckpoint`, `EarlyStopping`.

    Images with a label below 0, which in many data sets means no label, are left out.

    Args:
        train: Labelled images whose features vote: a batched `tf.data.Dataset` of `(images, labels)`, or a tuple of
            arrays `(images, labels)`. Some thousand are enough. A data set must not be shuffled, and must not be the
            data set object of fit, whose order it would change.
        validation: Labelled images to score on, in the same form. Use a part of the training split, so that the test
            split remains unseen until the end.
        every: Integer > 0. Epochs between measurements. Defaults to `1`.
        k: Integer > 0. Number of neighbors. Defaults to `20`.
        temperature: Float > 0. Temperature of the votes, as in `keras_ssl.evaluate.knn`. Defaults to `0.1`.
        batch_size: Integer. Batch size for arrays. Defaults to `256`.
        baselines: Boolean or dict. Whether to measure the two baselines; or a dict of them by name, as a resumed run
            has in its log. Defaults to `True`.
        verbose: Integer. 1 prints the baselines before the first epoch. Defaults to `0`.

    Attributes:
        scored_images: Integer. Number of images that an accuracy is computed from; `None` before the first.

    Raises:
        ValueError: If the images have no labels, or `every` is not positive; at the start of fit, if the images do
            not suit the encoder, the labels are not class numbers of at least two classes, or `k` is greater than
            the number of training images.

    Example:

    >>> x, y = np.random.randint(0, 256, (64, 8, 8, 1), "uint8"), np.arange(64) % 10
    >>> model = keras_ssl.SimCLR(keras_ssl.backbones.small_cnn((8, 8, 1)))
    >>> model.compile(optimizer="adam")
    >>> monitor = keras_ssl.callbacks.KNNMonitor((x, y), (x, y))
    >>> history = model.fit(x, batch_size=32, callbacks=[monitor], verbose=0)
    >>> len(history.history["val_knn_accuracy"])
    1
    """

    def __init__(
        self,
        train: Any,
        validation: Any,
        every: int = 1,
        k: int = 20,
        temperature: float = 0.1,
        batch_size: int = 256,
        baselines: bool | Mapping[str, float] = True,
        verbose: int = 0,
    ) -> None:
        super().__init__()
        self._train_images = train
        self._train = _labelled(train, "train", batch_size)
        self._validation = _labelled(validation, "validation", batch_size)
        if self._train.image_shape != self._validation.image_shape:
            raise ValueError(
                "Training and validation images must have the same shape. "
                f"Received: {self._train.image_shape} and {self._validation.image_shape}"
            )
        if every < 1:
            raise ValueError(f"every must be a positive number of epochs. Received: every={every}")
        self._every = every
        self._k = k
        self._temperature = temperature
        self._baselines: Any = {} if baselines is False else baselines
        self._verbose = verbose
        self.scored_images = None

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Compile the encoder's inference once per fit, and measure the baselines in the first fit only."""
        encoder = require_encoder(self)
        self._embed = EmbeddingFunction(encoder, self._train.image_shape)
        self._accuracy = None
        if self._baselines is not True:
            # Raises errors about the data now, not after an epoch of training.
            self._measure(lambda images: np.ones((len(images), 1), "float32"))
        else:
            self._baselines = knn_baselines(encoder, self._train_images, self._train.image_shape, self._measure)
        if self._verbose and self._baselines:
            found = ", ".join(f"{value:.3f} of {KNN_BASELINES[name]}" for name, value in self._baselines.items())
            print(f"kNN accuracy to beat, on {self.scored_images} images: {found}.", flush=True)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Measure if a measurement is due, and log the accuracy."""
        due = (epoch + 1) % self._every == 0 or epoch + 1 == self.params.get("epochs")
        if due or self._accuracy is None:
            self._accuracy = self._measure(self._embed)
        if logs is not None:
            logs.update({"val_knn_accuracy": self._accuracy, **self._baselines})

    def _measure(self, embed):
        train = _with_labels(collect(embed, self._train), "train")
        validation = _with_labels(collect(embed, self._validation), "validation")
        self.scored_images = len(validation.labels)
        if not all(np.isfinite(part.features).all() for part in (train, validation)):
            return float("nan")
        return knn(train, validation, self._k, self._temperature).accuracy


def _labelled(dataset, name, batch_size):
    batches = ImageBatches(dataset, batch_size)
    if not batches.labelled:
        raise ValueError(
            "KNNMonitor needs labelled images: a data set of (images, labels), such as "
            f"keras_ssl.data.load(…, labels=True), or a tuple (images, labels). "
            f"Received: {name} without labels"
        )
    return batches


def _with_labels(part, name):
    """Return the `Features` of the images that have a label."""
    labels = np.asarray(part.labels)
    if labels.dtype.kind not in "if":
        return part
    labelled = (labels.reshape(len(labels), -1) >= 0).all(axis=1)
    if not labelled.any():
        raise ValueError(f"KNNMonitor needs labels of at least 0. Received: {name} with only labels below 0")
    return Features(part.features[labelled], labels[labelled])
