import contextlib
import os
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_ssl import augment, distribute
from keras_ssl.checks.arguments import check_batch_size
from keras_ssl.checks.finite import NotFinite, StopNotFinite, check_finite_weights
from keras_ssl.checks.first_batch import FirstBatchCheck, LastBatch
from keras_ssl.checks.images import check_images, check_pixels, refuse_beyond_255
from keras_ssl.data.arrays import from_arrays
from keras_ssl.data.enough_images import TooFewImages, with_enough_images
from keras_ssl.data.epoch_order import EpochOrder, epochs_done, epochs_of_steps
from keras_ssl.data.fit_inputs import check_passes, images_and_labels, is_in_batches, split_arrays, usable_batches
from keras_ssl.own_loss_model import OwnLossModel

# For arrays, as in the data sets of keras_ssl.data. Keras' 32 images are too few to compare views.
DEFAULT_BATCH_SIZE = 256
PREDICTED_AT_ONCE = 32  # Keras' own default


class ImageTrainer(OwnLossModel):
    """Keras' `compile`, `fit`, `evaluate` and `predict` for a model that learns from images.

    They take the arguments of Keras, raise errors for data from which nothing can be learned, and stop a training in
    which NaN or infinity occurs. A subclass sets `encoder`, a `keras.Model` from images to features; `seed`, an
    integer; and `step`, a variable that counts the steps.
    """

    #: The smallest batch that a step can learn from.
    minimum_batch = 1

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self._pixels = LastBatch(3)
        self._not_finite = NotFinite()

    def usable_labels(self, labels: Any, images_shape: Sequence[int]) -> Any:
        """The labels of an array of images that the method uses: none, unless a method overrides this.

        Args:
            labels: What `fit` got as `y`, or with the images.
            images_shape: The shape of the array of images.

        Returns:
            `None`, or arrays for `keras_ssl.data.from_arrays`.
        """
        return None

    def check_first_batch(self) -> None:
        """Raises a ValueError if nothing can be learned from the pixels that the last step recorded."""
        images, lowest, highest = self._pixels.read()
        if images:  # 0 if a step of the user's own does not call `images`
            check_pixels(images, lowest, highest, self.minimum_batch, type(self).__name__)

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: keras.callbacks.Callback | list[keras.callbacks.Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: None = None,
        sample_weight: None = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
    ) -> keras.callbacks.History:
        """Trains on images. All methods except `MultiTask` ignore labels.

        Args:
            x: A `tf.data.Dataset` of image batches or of (images, labels), or an array of images of shape
                `(n, height, width, channels)`, uint8 or float, raw pixels in [0, 255]. A data set of dicts, or a dict
                of arrays, needs the key `"image"`, and may have `"label"`. A `keras.utils.PyDataset`, a Python
                generator or another iterable of batches, such as PyTorch's `DataLoader`, works, too.
            y: Labels of an array, for `MultiTask`; otherwise ignored.
            batch_size: Integer, for arrays only. Images per step. Defaults to `256`.
            epochs: Integer. The number of the last epoch. Defaults to `1`.
            verbose: As in `keras.Model.fit`.
            callbacks: A `keras.callbacks.Callback`, or a list of them.
            validation_split: Float. The share of an array, its last part, that is held out. Defaults to `0.0`.
            validation_data: Held-out images, as `x`, or a tuple of arrays (images, labels).
            shuffle: Boolean. An array gets a new order in each epoch, which depends on (seed, epoch) alone, with
                epochs counted over all fits of the model. For a `PyDataset` as in `keras.Model.fit`. Other data sets
                keep their own order. Defaults to `True`.
            class_weight: Not allowed, because the loss has no classes.
            sample_weight: Not allowed, because the loss compares images.
            initial_epoch: Integer. The number of epochs done before. Defaults to `0`.
            steps_per_epoch: Integer. Batches in an epoch. A generator for several epochs needs it. If epochs are
                shorter than a shuffled data set of `keras_ssl.data`, the images of each are a function of (seed,
                epoch), so they can be replayed as whole ones can. With other data sets each epoch continues where the
                one before ended.
            validation_steps: Integer. Likewise, for `validation_data`.
            validation_batch_size: Integer, for held-out arrays. Defaults to `batch_size`.
            validation_freq: As in `keras.Model.fit`.

        Returns:
            A `keras.callbacks.History`.

        Raises:
            ValueError: If the images are not what the encoder expects (none at all, another shape, pixels in [0, 1],
                too few in a batch), the model is not compiled, there are class or sample weights, or pixels, the loss
                or the weights become NaN or infinite. That error names the step, the learning rate and the last
                checkpoint.
        """
        self._check_call("fit", class_weight, sample_weight)
        if not is_in_batches(x):
            x, y = images_and_labels(x, y)
        if validation_split and validation_data is None:
            (x, y), validation_data = split_arrays(x, y, validation_split, self.minimum_batch)
        check_passes(x, epochs - initial_epoch, steps_per_epoch, "steps_per_epoch")
        x = self._as_dataset(x, y, batch_size, shuffle=shuffle)
        x, steps_per_epoch = epochs_of_steps(x, steps_per_epoch)
        if validation_data is not None:
            check_passes(validation_data, epochs - initial_epoch, validation_steps, "validation_steps")
            size = None if is_in_batches(validation_data) else validation_batch_size or batch_size
            validation_data = self._as_dataset(validation_data, None, size)
        # A new fit counts its epochs from 0, but continues the order of the data. A resumed fit counts them itself.
        steps_done = 0 if initial_epoch else int(tf.convert_to_tensor(self.step))
        order = EpochOrder(x, epochs_done(x, steps_done))
        self._build_optimizer()
        with self._tracing():
            return super().fit(
                distribute.transferable(x, self.distribute_strategy),
                epochs=epochs,
                verbose=verbose,
                callbacks=[order, *self._guarded(callbacks, x, validation_data)],
                validation_data=validation_data,
                shuffle=shuffle and isinstance(x, keras.utils.PyDataset),
                initial_epoch=initial_epoch,
                steps_per_epoch=steps_per_epoch,
                validation_steps=validation_steps,
                validation_freq=validation_freq,
            )

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        sample_weight: None = None,
        steps: int | None = None,
        callbacks: keras.callbacks.Callback | list[keras.callbacks.Callback] | None = None,
        return_dict: bool = False,
        **kwargs,
    ) -> float | list[float] | dict[str, float]:
        """Computes the loss and the metrics on held-out images; the same images give the same numbers.

        Args:
            x: Images, as for `fit`. A contrastive loss depends on the batch size, so the remainder of an array with
                more than one batch is left out.
            y: Labels of an array, for `MultiTask`; otherwise ignored.
            batch_size: Integer, for arrays only. Defaults to `256`.
            verbose: As in `keras.Model.evaluate`.
            sample_weight: Not allowed, because the loss compares images.
            steps: Integer. The number of batches. Defaults to all.
            callbacks: A `keras.callbacks.Callback`, or a list of them.
            return_dict: Boolean. Whether to return the numbers by name. Defaults to `False`.
            **kwargs: Arguments that `keras.Model.fit` adds.

        Returns:
            The loss and the metrics, as a list, or by name with `return_dict=True`.

        Raises:
            ValueError: If the images are not what the encoder expects, as in `fit`.
        """
        self._check_call("evaluate", None, sample_weight)
        if not kwargs:  # otherwise fit calls it, with validation data that are prepared already
            x = self._as_dataset(x, y, batch_size)
            callbacks = self._guarded(callbacks, held_out=x)
        with self._tracing():
            return super().evaluate(
                x, verbose=verbose, steps=steps, callbacks=callbacks, return_dict=return_dict, **kwargs
            )

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        steps: int | None = None,
        callbacks: keras.callbacks.Callback | list[keras.callbacks.Callback] | None = None,
    ) -> np.ndarray:
        """The encoder's features of images as they are.

        As `keras.Model.predict`, but it does not wait for the autotuner of tf.data.

        Args:
            x: Images, as for `fit`.
            batch_size: Integer, for arrays only. Defaults to `32`.
            verbose: As in `keras.Model.predict`.
            steps: Integer. The number of batches. Defaults to all.
            callbacks: A `keras.callbacks.Callback`, or a list of them.

        Raises:
            ValueError: If an array has values above 255, or a dict has no `"image"`.
        """
        if is_in_batches(x):
            x = usable_batches(x)
        else:
            x = np.asarray(images_and_labels(x)[0])
            refuse_beyond_255(x, f"{type(self).__name__} expects")
            x = from_arrays(x, batch_size=PREDICTED_AT_ONCE if batch_size is None else batch_size, shuffle=False)
        return super().predict(x, verbose=verbose, steps=steps, callbacks=callbacks)

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: None = None, class_weight: None = None, return_dict: bool = False
    ) -> Any:
        """One step on one batch of images, as `keras.Model.train_on_batch`. Weights are not allowed, as in `fit`."""
        self._check_call("train_on_batch", class_weight, sample_weight)
        self._build_optimizer()
        with self._tracing():
            logs = super().train_on_batch(x, y, return_dict=return_dict)
            self.check_first_batch()
        return logs

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: None = None, return_dict: bool = False) -> Any:
        """The loss on one batch, as `keras.Model.test_on_batch`. Weights are not allowed, as in `evaluate`."""
        self._check_call("test_on_batch", None, sample_weight)
        with self._tracing():
            logs = super().test_on_batch(x, y, return_dict=return_dict)
            self.check_first_batch()
        return logs

    def export(self, filepath: str | os.PathLike[str], *args, **kwargs) -> Any:
        """Exports the encoder, like `encoder.export`, with its arguments.

        `keras_ssl.export.saved_model` adds signatures for encoded pictures, and a manifest.
        """
        check_finite_weights(self.encoder)
        return self.encoder.export(filepath, *args, **kwargs)

    def save(self, filepath: str | os.PathLike[str], *args, **kwargs) -> None:
        """Saves the method, as `keras.Model.save`; if a weight is NaN or infinite, raises an error instead."""
        check_finite_weights(self)
        return super().save(filepath, *args, **kwargs)

    def save_weights(self, filepath: str | os.PathLike[str], *args, **kwargs) -> None:
        """Saves the weights, as `keras.Model.save_weights`; if any is NaN or infinite, raises an error instead."""
        check_finite_weights(self)
        return super().save_weights(filepath, *args, **kwargs)

    def _check_call(self, verb, class_weight, sample_weight):
        """Raises a ValueError before `compile`, and for weights, which Keras would silently ignore."""
        name = type(self).__name__
        if not self.compiled:
            raise ValueError(
                f"Compile {name} before {verb}, with an optimizer: model.compile('adam'). "
                "Received: a model that is not compiled"
            )
        if class_weight:
            raise ValueError(
                f"{name} does not weight images by their class; leave class_weight out. "
                f"Received: class_weight={class_weight}"
            )
        if sample_weight is not None:
            raise ValueError(
                f"{name} gives all images the same weight; leave sample_weight out, and images that must not count. "
                f"Received: sample_weight of shape {np.shape(sample_weight)}"
            )

    def _guarded(self, callbacks, training=None, held_out=None):
        """The user's callbacks, after those that check what the steps recorded."""
        callbacks = [callbacks] if isinstance(callbacks, keras.callbacks.Callback) else callbacks or []
        method = type(self).__name__
        return [
            FirstBatchCheck(self.check_first_batch),
            StopNotFinite(self._not_finite, method, callbacks),
            TooFewImages(self.minimum_batch, method, training, held_out, self._replicas),
            *callbacks,
        ]

    def _build_optimizer(self):
        """Builds the optimizer before a step is traced: variables of a trace that a check stops would be lost."""
        if self.optimizer is None:
            raise ValueError(
                f"{type(self).__name__} needs an optimizer to learn: model.compile('adam'). Received: optimizer=None"
            )
        if not self.optimizer.built:
            with self.distribute_strategy.scope():
                self.optimizer.build(self.trainable_variables)

    @contextlib.contextmanager
    def _tracing(self):
        """A context for tracing a step: an error of a check does not affect the next call."""
        try:
            yield
        except ValueError:
            # Such a trace would fail again, with another message.
            self.train_function = self.test_function = None
            raise

    def _as_dataset(self, images, labels, batch_size, shuffle=False):
        method = type(self).__name__
        if is_in_batches(images):
            batches = usable_batches(images, batch_size)
        else:
            batches = self._batches_of_arrays(*images_and_labels(images, labels), batch_size, shuffle)
        return with_enough_images(batches, self.minimum_batch, method, self._replicas)

    def _batches_of_arrays(self, images, labels, batch_size, shuffle):
        method = type(self).__name__
        images = np.asarray(images)
        batch_size = check_batch_size(DEFAULT_BATCH_SIZE if batch_size is None else batch_size)
        check_images(images.shape, images.dtype, self.encoder.input_shape, self.minimum_batch, method)
        if images.dtype.kind == "f":
            check_pixels(min(len(images), batch_size), images.min(), images.max(), self.minimum_batch, method)
        return from_arrays(
            images,
            self.usable_labels(labels, images.shape),
            batch_size=batch_size,
            shuffle=shuffle,
            seed=self.seed,
            drop_remainder=not shuffle and self.minimum_batch > 1,
        )

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # On several replicas Keras averages their images to get a shape, which fails if their numbers differ.
        # Augmenters, and the layers in them, have no weights to build.
        layers = list(self._flatten_layers())
        augmenters = [layer for layer in layers if isinstance(layer, augment.Augmenter | augment.MultiCrop)]
        weightless = {id(layer) for augmenter in augmenters for layer in augmenter._flatten_layers()}
        if not all(layer.built or id(layer) in weightless for layer in layers):
            super()._maybe_symbolic_build(iterator, data_batch)
