import keras
import numpy as np
import tensorflow as tf

from keras_ssl import augment, distribute
from keras_ssl.checks.finite import all_finite
from keras_ssl.checks.images import check_images, pixel_range
from keras_ssl.checks.networks import check_encoder
from keras_ssl.data.map_batches import map_batches
from keras_ssl.methods.image_trainer import ImageTrainer
from keras_ssl.methods.step import StepOfThread, recording

# Stands for the training step in the seeds of evaluate(), so that held-out images always get the same views.
EVALUATION_STEP = -1


@keras.saving.register_keras_serializable("keras_ssl")
class SelfSupervisedModel(ImageTrainer):
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
    logged: tuple[str, ...] = ()
    #: Those of them that are a state of the training, such as a momentum: they are shown as they are, not as a mean.
    states: tuple[str, ...] = ()
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
        self._pixels.record(*pixel_range(images))
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
        self._not_finite.record(self.step, loss, finite, share.rows)
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

    def summary(self, *args, **kwargs):
        """Prints `keras.Model.summary` with the networks named as the attributes: `encoder`, `projector`, …."""
        parts = {name: part for name, part in vars(self).items() if isinstance(part, keras.layers.Layer)}
        own = [(part, part.name) for part in parts.values()]
        try:
            for name, part in parts.items():
                part.name = name
            return super().summary(*args, **kwargs)
        finally:
            for part, name in own:
                part.name = name

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


class Latest(keras.metrics.Mean):
    """The newest value, for what is a state of the training and no result of a batch, such as a momentum."""

    def update_state(self, values, sample_weight=None):
        """Forgets the value before."""
        # On replicas Keras adds up what each of them has, the counts too.
        self.total.assign(values)
        self.count.assign(1.0)
