import contextlib

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

# For arrays; the data sets of keras_ssl.data have the same default. Keras' 32 is too few to compare views among.
DEFAULT_BATCH_SIZE = 256
PREDICTED_AT_ONCE = 32  # Keras' own default


class ImageTrainer(keras.Model):
    """Keras' `compile`, `fit`, `evaluate` and `predict` for a model that learns from images.

    They take what Keras takes, refuse in words what cannot be learned from, and stop a training whose numbers are not
    finite. A subclass sets `encoder`, a `keras.Model` from images to features; `seed`, an integer; and `step`, a
    variable that counts the steps done.
    """

    #: The fewest images that one step can learn from.
    minimum_batch = 1

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self._pixels = LastBatch(3)
        self._not_finite = NotFinite()

    def usable_labels(self, labels, images_shape):
        """What the method learns from beside images that lie in memory: nothing, whatever labels come with them.

        Args:
            labels: what fit was given as `y`, or beside the images.
            images_shape: the shape of the array of images.

        Returns:
            None, or arrays for `keras_ssl.data.from_arrays`.
        """
        return None

    def check_first_batch(self):
        """Raises a ValueError when what the last step noted of its batch cannot be learned from."""
        images, lowest, highest = self._pixels.read()
        if images:  # a step of the user's own may not take them from `images`
            check_pixels(images, lowest, highest, self.minimum_batch, type(self).__name__)

    def compile(
        self,
        optimizer="adam",
        loss=None,
        loss_weights=None,
        metrics=None,
        weighted_metrics=None,
        run_eagerly=False,
        steps_per_execution=1,
        jit_compile="auto",
        auto_scale_loss=True,
    ):
        """Sets the optimizer. The loss is the method's own.

        Args:
            optimizer: a `keras.optimizers.Optimizer` or its name.
            loss: not taken, nor are `loss_weights`, `metrics` and `weighted_metrics`: the method has its own.
            loss_weights: see `loss`.
            metrics: see `loss`.
            weighted_metrics: see `loss`.
            run_eagerly: bool, run the step in Python, for debugging.
            steps_per_execution: int, batches per call from Python.
            jit_compile: True compiles the whole step with XLA; "auto" does so on an accelerator, while on a CPU
                and under tf.distribute only the augmenter is compiled, where it pays; False leaves the step alone.
            auto_scale_loss: bool, whether the loss is scaled under the policy mixed_float16.

        Raises:
            ValueError: for a loss or metrics, which the method has itself, or for `jit_compile=True` with several
                replicas.
        """
        own = {"loss": loss, "loss_weights": loss_weights, "metrics": metrics, "weighted_metrics": weighted_metrics}
        own = {name: value for name, value in own.items() if value}
        if own:
            raise ValueError(
                f"{type(self).__name__} brings its own loss and metrics: compile it with an optimizer and, if you "
                "like, run_eagerly, steps_per_execution, jit_compile and auto_scale_loss. Received: "
                + ", ".join(f"{name}={value!r}" for name, value in own.items())
            )
        if jit_compile is True and self._replicas > 1:
            raise ValueError(
                "tf.distribute cannot run inside one XLA program on several replicas; leave jit_compile='auto', "
                "which still compiles the augmenter. Received: jit_compile=True"
            )
        arguments = {
            "optimizer": optimizer,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile,
            "auto_scale_loss": auto_scale_loss,
        }
        super().compile(**arguments)
        self._compile_arguments = arguments

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        class_weight=None,
        sample_weight=None,
        initial_epoch=0,
        steps_per_epoch=None,
        validation_steps=None,
        validation_batch_size=None,
        validation_freq=1,
    ):
        """Learns from images; labels, where there are any, are ignored by all methods but `MultiTask`.

        Args:
            x: a `tf.data.Dataset` of image batches or of (images, labels), or an array of images
                (n, height, width, channels), uint8 or float, raw pixels in [0, 255]. A data set of dicts, or a dict
                of arrays, needs the key "image", and may have "label". A `keras.utils.PyDataset`, a Python generator
                or another iterable of batches, such as PyTorch's `DataLoader`, is taken, too.
            y: labels of an array, for `MultiTask`; otherwise ignored.
            batch_size: int, for an array only: images per step, 256 by default.
            epochs: int, the number of the last epoch.
            verbose: as in `keras.Model.fit`.
            callbacks: a `keras.callbacks.Callback`, or a list of them.
            validation_split: float, the share of an array, its last part, that is held out.
            validation_data: held-out images, as `x`, or a tuple of arrays (images, labels).
            shuffle: bool. Of an array, a new order each epoch, which depends on (seed, epoch) alone; of a
                `PyDataset`, as in `keras.Model.fit`. Others have an order of their own. Epochs are counted over all
                fits of the model.
            class_weight: not taken, since the loss has no classes.
            sample_weight: not taken, since the loss compares images.
            initial_epoch: int, the number of epochs done before.
            steps_per_epoch: int, batches in an epoch. A generator that is to be read in several epochs needs it.
                Epochs shorter than a shuffled data set of `keras_ssl.data` have images of their own, a function of
                (seed, epoch), so that they can be replayed as whole ones can. Those of other data sets go on where
                the epoch before ended, in an order of their own.
            validation_steps: int, likewise of `validation_data`.
            validation_batch_size: int, for held-out arrays. Defaults to `batch_size`.
            validation_freq: as in `keras.Model.fit`.

        Returns:
            A `keras.callbacks.History`.

        Raises:
            ValueError: where the images cannot be what the encoder expects: none at all, another shape, pixels in
                [0, 1], too few in a batch; before `compile`; for weights of classes or samples; and where pixels, the
                loss or the weights are not finite any more: the error names the step, the learning rate and the last
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
        # A fit that counts its epochs from 0 again goes on with the data's order; a resumed one counts them itself.
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
        x=None,
        y=None,
        batch_size=None,
        verbose="auto",
        sample_weight=None,
        steps=None,
        callbacks=None,
        return_dict=False,
        **kwargs,
    ):
        """The loss, and what is logged beside it, on held-out images; the same images give the same numbers.

        Args:
            x: images, as for `fit`. A contrastive loss depends on the batch size, so of an array with more than
                one batch the remainder is left out.
            y: labels of an array, for `MultiTask`; otherwise ignored.
            batch_size: int, for an array only; 256 by default.
            verbose: as in `keras.Model.evaluate`.
            sample_weight: not taken, since the loss compares images.
            steps: int, how many batches. Defaults to all.
            callbacks: a `keras.callbacks.Callback`, or a list of them.
            return_dict: bool, whether the numbers are given by name.
            **kwargs: what `keras.Model.fit` adds for itself.

        Returns:
            The loss and the logged quantities, as a list, or with `return_dict=True` by name.

        Raises:
            ValueError: where the images cannot be what the encoder expects, as in `fit`.
        """
        self._check_call("evaluate", None, sample_weight)
        if not kwargs:  # else fit asks for its validation data, which it has made ready
            x = self._as_dataset(x, y, batch_size)
            callbacks = self._guarded(callbacks, held_out=x)
        with self._tracing():
            return super().evaluate(
                x, verbose=verbose, steps=steps, callbacks=callbacks, return_dict=return_dict, **kwargs
            )

    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """The encoder's features of images as they are: `keras.Model.predict` without waits of tf.data's tuner.

        Args:
            x: images, as for `fit`.
            batch_size: int, for arrays only.
            verbose: as in `keras.Model.predict`.
            steps: int, how many batches. Defaults to all.
            callbacks: a `keras.callbacks.Callback`, or a list of them.

        Raises:
            ValueError: for an array with values beyond 255, or dicts without "image".
        """
        if is_in_batches(x):
            x = usable_batches(x)
        else:
            x = np.asarray(images_and_labels(x)[0])
            refuse_beyond_255(x, f"{type(self).__name__} expects")
            x = from_arrays(x, batch_size=PREDICTED_AT_ONCE if batch_size is None else batch_size, shuffle=False)
        return super().predict(x, verbose=verbose, steps=steps, callbacks=callbacks)

    def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, return_dict=False):
        """One step on one batch of images, as `keras.Model.train_on_batch`; weights are not taken, as in `fit`."""
        self._check_call("train_on_batch", class_weight, sample_weight)
        self._build_optimizer()
        with self._tracing():
            logs = super().train_on_batch(x, y, return_dict=return_dict)
            self.check_first_batch()
        return logs

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
        """The loss on one batch, as `keras.Model.test_on_batch`; weights are not taken, as in `evaluate`."""
        self._check_call("test_on_batch", None, sample_weight)
        with self._tracing():
            logs = super().test_on_batch(x, y, return_dict=return_dict)
            self.check_first_batch()
        return logs

    def export(self, filepath, *args, **kwargs):
        """Exports the encoder, which is what the method is called for: `encoder.export`, with its arguments.

        `keras_ssl.export.saved_model` makes more of it: signatures for encoded pictures, and a manifest.
        """
        check_finite_weights(self.encoder)
        return self.encoder.export(filepath, *args, **kwargs)

    def save(self, filepath, *args, **kwargs):
        """Saves the method as `keras.Model.save`; weights that are NaN or infinite are an error, and not written."""
        check_finite_weights(self)
        return super().save(filepath, *args, **kwargs)

    def save_weights(self, filepath, *args, **kwargs):
        """Saves the weights as `keras.Model.save_weights`; NaN and infinity are an error, and not written."""
        check_finite_weights(self)
        return super().save_weights(filepath, *args, **kwargs)

    def _check_call(self, verb, class_weight, sample_weight):
        """Raises a ValueError before `compile`, and for weights, which Keras would leave out in silence."""
        name = type(self).__name__
        if not self.compiled:
            raise ValueError(
                f"Compile {name} before {verb}, with an optimizer: model.compile('adam'). "
                "Received: a model that is not compiled"
            )
        if class_weight:
            raise ValueError(
                f"{name} learns without classes, so there are none to weigh; leave class_weight out. "
                f"Received: class_weight={class_weight}"
            )
        if sample_weight is not None:
            raise ValueError(
                f"{name} weighs all images alike; leave sample_weight out, and images that are not to count. "
                f"Received: sample_weight of shape {np.shape(sample_weight)}"
            )

    def _guarded(self, callbacks, training=None, held_out=None):
        """The caller's callbacks, behind those that look at what the steps of a fit or an evaluation noted."""
        callbacks = [callbacks] if isinstance(callbacks, keras.callbacks.Callback) else callbacks or []
        method = type(self).__name__
        return [
            FirstBatchCheck(self.check_first_batch),
            StopNotFinite(self._not_finite, method, callbacks),
            TooFewImages(self.minimum_batch, method, training, held_out, self._replicas),
            *callbacks,
        ]

    def _build_optimizer(self):
        """Before a training step is traced, since variables of a trace that a check breaks off are lost."""
        if self.optimizer is None:
            raise ValueError(
                f"{type(self).__name__} needs an optimizer to learn: model.compile('adam'). Received: optimizer=None"
            )
        if not self.optimizer.built:
            with self.distribute_strategy.scope():
                self.optimizer.build(self.trainable_variables)

    @contextlib.contextmanager
    def _tracing(self):
        """Around what may trace a step: what a check breaks off there does not spoil the next call."""
        try:
            yield
        except ValueError:
            # Such a trace fails for ever, with other words.
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

    @property
    def _replicas(self):
        return self.distribute_strategy.num_replicas_in_sync

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # On several replicas Keras takes the mean of their images to see a shape, which fails where shares differ.
        # Augmenters, and the layers in them, have no weights to build.
        layers = list(self._flatten_layers())
        augmenters = [layer for layer in layers if isinstance(layer, augment.Augmenter | augment.MultiCrop)]
        weightless = {id(layer) for augmenter in augmenters for layer in augmenter._flatten_layers()}
        if not all(layer.built or id(layer) in weightless for layer in layers):
            super()._maybe_symbolic_build(iterator, data_batch)

    def get_compile_config(self):
        """The arguments of `compile`, "auto" left as "auto": the machine that loads may be another."""
        if not self.compiled:
            return None
        return keras.saving.serialize_keras_object(self._compile_arguments)

    def compile_from_config(self, config):
        """Compiles as the saved model was, and builds the optimizer so that its state can be loaded."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)
