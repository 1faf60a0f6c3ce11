import contextlib

import keras
import numpy as np
import tensorflow as tf

from keras_ssl import augment, distribute
from keras_ssl.data import from_arrays
from keras_ssl.data.batches import check_batch_size
from keras_ssl.data.scale_pixels import refuse_beyond_255
from keras_ssl.training import (
    EpochOrder,
    FirstBatchCheck,
    LastBatch,
    Latest,
    NotFinite,
    StepOfThread,
    StopNotFinite,
    TooFewImages,
    all_finite,
    check_encoder,
    check_finite_weights,
    check_images,
    check_passes,
    check_pixels,
    epochs_done,
    epochs_of_steps,
    images_and_labels,
    is_in_batches,
    map_batches,
    pixel_range,
    recording,
    split_arrays,
    usable_batches,
    with_enough_images,
)

# Stands for the training step in the seeds of evaluate(), so that held-out images always get the same views.
EVALUATION_STEP = -1
# For arrays; the data sets of keras_ssl.data have the same default. Keras' 32 is too few to compare views among.
DEFAULT_BATCH_SIZE = 256
PREDICTED_AT_ONCE = 32  # Keras' own default


@keras.saving.register_keras_serializable("keras_ssl")
class SelfSupervisedModel(keras.Model):
    """What all methods share: an encoder, views of its images, and the verbs that a `train_step` is written in.

    A method builds its heads in `__init__`, says in `forward` how views become a loss, and writes its paper's
    algorithm in `train_step` with the verbs `augment` (views that are a function of seed, step and view), `draws`
    (other random numbers, likewise), `minimize` (an optimizer step, right under mixed precision and on several
    replicas) and `report` (what the progress bar shows). `evaluate()` and `validation_data` run the same `forward`
    without an update.

    Calling the model, and `predict`, gives the encoder's features of the images as they are.

    Args:
        encoder: a built `keras.Model` from images (batch, height, width, channels), raw pixels in [0, 255], to
            features (batch, features): one of `keras_ssl.backbones`, or your own.
        augmenter: a `keras_ssl.augment.Augmenter`. By default, for a method with several `views`,
            `augment.simclr` for the encoder's image size, or `augment.grayscale` for images that are not RGB; a
            method with one view then looks at the images as they are.
        seed: int. With the step and the view it determines every random draw of the training.

    Raises:
        ValueError: when `encoder` is not such a model.

    Example, a method that pulls two views of an image together and nothing else (so it collapses):

    >>> import keras_ssl, tensorflow as tf
    >>> class Attraction(keras_ssl.SelfSupervisedModel):
    ...     views = 2
    ...     def forward(self, views, training):
    ...         a, b = tf.split(self.encoder(views, training=training), 2)
    ...         return tf.reduce_mean(tf.square(a - b)), {}
    ...     def train_step(self, data):
    ...         views = self.augment(self.images(data))
    ...         with tf.GradientTape() as tape:
    ...             loss, logs = self.forward(views, training=True)
    ...         self.minimize(loss, tape)
    ...         return self.report(loss, logs)
    """

    #: Number of views that the loss compares.
    views = 1
    #: Names of what `forward` returns beside the loss; each becomes a metric.
    logged = ()
    #: Those of them that are a state of the training, such as a momentum: they are shown as they are, not as a mean.
    states = ()
    #: The fewest images that one step can learn from.
    minimum_batch = 1
    #: Whether the encoder sees whole images while it is trained. Where it sees parts of them, its batch normalization
    #: needs `callbacks.BatchStatistics`, which runs have then.
    encodes_whole_images = True

    def __init__(self, encoder, augmenter=None, *, seed=0, **kwargs):
        super().__init__(**kwargs)
        check_encoder(encoder)
        self.encoder = encoder
        if augmenter is None and self.views > 1:
            augmenter = augment.for_images(encoder.input_shape[1:])
        self.augmenter = augmenter
        self.seed = int(seed)
        self.step = self.add_weight(
            name="step",
            shape=(),
            dtype="int64",
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
        )
        self._means = {
            name: (Latest if name in self.states else keras.metrics.Mean)(name=name)
            for name in ("loss", *self.logged)
        }
        self._step_of_thread = StepOfThread(self)
        self._pixels = LastBatch(3)
        self._not_finite = NotFinite()
        self.built = True

    def build(self, input_shape=None):
        """Nothing is left to build: the encoder's input shape fixed everything."""

    def call(self, images, training=None):
        """The encoder's features of `images`, (batch, features)."""
        return self.encoder(images, training=training)

    # ------------------------------------------------------------------ the verbs of a train_step

    def images(self, data):
        """The images in what fit hands to `train_step`: labels and weights are left out, shapes are checked.

        A step begins with this: what layers add to the loss from here on, and how many images there are, is noted
        for `minimize` and `report`.
        """
        images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        images = tf.convert_to_tensor(images)
        check_images(images.shape, images.dtype, self.encoder.input_shape, self.minimum_batch, type(self).__name__)
        self._pixels.note(*pixel_range(images))
        self._step_of_thread.begin(distribute.share(tf.shape(images)[0]), all_finite(images))
        return images

    def augment(self, images, training=True):
        """`self.views` random views of `images`, view after view: (views * batch, height, width, channels)."""
        if self.augmenter is None:
            return tf.cast(images, tf.float32)
        views = [self.draw_view(self.augmenter, images, view, training) for view in range(self.views)]
        return tf.concat(views, axis=0)

    def draw_view(self, augmenter, images, view, training=True):
        """What `augmenter` makes of `images`, this replica's rows of the global batch, in the view of that number."""
        first_row = self._step_of_thread.share.first_row
        return augmenter(images, seed=self.random_seed(view, training), first_row=first_row)

    def random_seed(self, view=0, training=True):
        """A seed for tf.random.stateless_*, int32 of shape (2,): a function of (seed, step, view)."""
        step = tf.convert_to_tensor(self.step) if training else EVALUATION_STEP
        seed = tf.constant([self.seed, view], tf.int32)
        return tf.random.fold_in(seed, tf.cast(step, tf.int32), alg="philox")

    def draws(self, stream=0, training=True):
        """Random numbers for the global batch, this replica's rows of them: `uniform`, `integers`, `normal`.

        Args:
            stream: int, to tell draws of different meaning apart; none meets a view's.
            training: bool; False draws the same numbers in every step, for evaluate().

        Returns:
            `keras_ssl.augment.Draws`. Each call of its methods draws other numbers.
        """
        seed = self.random_seed(self.views + stream, training)
        return augment.Draws(seed, self._step_of_thread.share.first_row)

    def map_images(self, function, images, batch_size=256):
        """The results of `function` over an array of images of any length, for what a method shows of itself.

        Args:
            function: from a tensor of images (batch, height, width, channels) to a tensor (batch, …).
            images: array (n, height, width, channels), uint8 or float, raw pixels in [0, 255].
            batch_size: positive int, images at a time.

        Returns:
            NumPy array (n, …).

        Raises:
            ValueError: for images that are not what the encoder expects, or none.
        """
        images = np.asarray(images)
        check_images(images.shape, images.dtype, self.encoder.input_shape, 1, type(self).__name__)
        return map_batches(function, images, batch_size)

    def minimize(self, loss, tape, variables=None, optimizer=None, ends_step=True):
        """One step of the optimizer down the gradient of `loss`, and of what Keras layers add to it.

        That is, as in Keras, the regularizers of the weights that are updated, and the activity regularizers and
        `add_loss` of the networks that these weights belong to; they stand in the reported `loss`, too.

        Args:
            loss: scalar float32, this replica's share: a mean over its rows.
            tape: the `tf.GradientTape` that recorded it.
            variables: what to update, a list; by default all trainable weights.
            optimizer: by default the one given to `compile`.
            ends_step: False for all but the last update of a `train_step` that makes several: with the last the
                step counter, from which the random draws derive, moves on.
        """
        variables = self.trainable_variables if variables is None else variables
        optimizer = self.optimizer if optimizer is None else optimizer
        # Keras adds the replicas' gradients up, so each gives its part of the global batch's mean; a loss-scaling
        # optimizer multiplies, and divides again in apply.
        upstream = optimizer.scale_loss(tf.cast(self._step_of_thread.share.weight, loss.dtype))
        with recording(tape):  # for the regularizers of weights
            loss = tf.add_n([loss, *self._step_of_thread.added_losses.take(variables)])
        gradients = tape.gradient(loss, variables, output_gradients=upstream)
        # Keras asks a data set of unknown length for one batch too many, and what does not depend on that is done.
        with tf.control_dependencies([loss]):
            optimizer.apply_gradients(zip(gradients, variables, strict=True))
            if ends_step:
                self.step.assign_add(1)

    def report(self, loss, logs):
        """Takes the step's numbers into the epoch's means over the images, and returns them for the progress bar.

        Args:
            loss: scalar, this replica's. As in Keras, what layers add to it is reported with it.
            logs: dict of scalars by the names in `logged`. A pair (scalar, weight) has that weight in the epoch's
                mean, equal on all replicas, where the others have the number of images. Of the names in `states`
                the newest value is shown.
        """
        share, finite = self._step_of_thread.share, self._step_of_thread.finite
        images = tf.cast(share.all_rows, tf.float32)
        loss = tf.add_n([loss, *self._step_of_thread.end()])
        # Pixels that are NaN can leave a finite loss, since relu(NaN) is 0 on a CPU.
        loss = distribute.mean(tf.where(finite, loss, float("nan")), share)
        self._not_finite.note(self.step, loss, finite, share.rows)
        self._means["loss"].update_state(loss, sample_weight=images)
        for name in self.logged:
            value, weight = logs[name] if isinstance(logs[name], tuple) else (logs[name], None)
            weight = images if weight is None else weight
            self._means[name].update_state(distribute.mean(value, share), sample_weight=weight)
        results = {name: mean.result() for name, mean in self._means.items()}
        if distribute.is_multi_worker():
            # Keras reduces the workers' results along their first axis, which scalars lack.
            results = {name: tf.reshape(value, (1,)) for name, value in results.items()}
        return results

    # ------------------------------------------------------------------ what a method says

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

    def forward(self, views, training):
        """From views to the loss.

        Args:
            views: (views * batch, height, width, channels) float32, from `augment`.
            training: bool.

        Returns:
            A tuple of the loss, a scalar, and a dict with the scalars named in `logged`.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement forward(views, training).")

    def train_step(self, data):
        """One step of the method's algorithm; every method writes its own."""
        raise NotImplementedError(f"{type(self).__name__} must implement train_step(data).")

    def test_step(self, data):
        """The training loss on held-out images: the same `forward` on views of a fixed seed, and no update."""
        return self.report(*self.forward(self.augment(self.images(data), training=False), training=False))

    # ------------------------------------------------------------------ Keras

    @property
    def metrics(self):
        """The running means of the loss and of what the method logs beside it."""
        return list(self._means.values())

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

    def get_config(self):
        """The constructor's arguments, from which `from_config` builds the same method."""
        return {
            **super().get_config(),
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "augmenter": keras.saving.serialize_keras_object(self.augmenter),
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config):
        """Builds the method from `get_config()`."""
        return cls(**keras.saving.deserialize_keras_object(config))

    def get_compile_config(self):
        """The arguments of `compile`, "auto" left as "auto": the machine that loads may be another."""
        if not self.compiled:
            return None
        return keras.saving.serialize_keras_object(self._compile_arguments)

    def compile_from_config(self, config):
        """Compiles as the saved model was, and builds the optimizer so that its state can be loaded."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)
