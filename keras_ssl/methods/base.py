from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from keras_ssl import augment, distribute
from keras_ssl.augment import Augmenter, Draws
from keras_ssl.checks.finite import all_finite
from keras_ssl.checks.images import check_images, pixel_range
from keras_ssl.checks.networks import check_encoder
from keras_ssl.data.map_batches import map_batches
from keras_ssl.methods.image_trainer import ImageTrainer
from keras_ssl.methods.step import StepOfThread, recording

# The step in the seeds of evaluate(), so that held-out images always get the same views.
EVALUATION_STEP = -1


@keras.saving.register_keras_serializable("keras_ssl")
class SelfSupervisedModel(ImageTrainer):
    """Base class of all methods: an encoder, views of its images, and the methods that a `train_step` calls.

    A method builds its heads in `__init__`, computes the loss of views in `forward`, and writes its paper's algorithm
    in `train_step` with `augment` (views that are a function of seed, step and view), `draws` (other random numbers,
    likewise), `minimize` (an optimizer step, also under mixed precision and on several replicas) and `report` (what
    the progress bar shows). `evaluate()` and `validation_data` run the same `forward` without an update.

    Calling the model, or `predict`, returns the encoder's features of the images as they are.

    Args:
        encoder: A built `keras.Model` from images `(batch, height, width, channels)`, raw pixels in [0, 255], to
            features `(batch, features)`: one of `keras_ssl.backbones`, or your own.
        augmenter: A `keras_ssl.augment.Augmenter`. For a method with several `views` it defaults to `augment.simclr`
            for the encoder's image size, or `augment.grayscale` for images that are not RGB. A method with one view
            takes the images as they are by default.
        seed: Integer. With the step and the view it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If `encoder` is not such a model.

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

    #: The number of views that the loss compares.
    views = 1
    #: Names of the metrics that `forward` returns beside the loss.
    logged: tuple[str, ...] = ()
    #: Those of them that are a state of the training, such as a momentum: logged as the newest value, not as a mean.
    states: tuple[str, ...] = ()
    #: Whether the encoder sees whole images in training. If it sees only parts of them, its batch normalization needs
    #: `callbacks.BatchStatistics`, which runs then add.
    encodes_whole_images = True

    def __init__(self, encoder: keras.Model, augmenter: Augmenter | None = None, *, seed: int = 0, **kwargs):
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

    def build(self, input_shape: Any = None) -> None:
        """Does nothing: everything is built in `__init__`, from the encoder's input shape."""

    def call(self, images: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """The encoder's features of `images`, of shape `(batch, features)`."""
        return self.encoder(images, training=training)

    # ------------------------------------------------------------------ what a train_step calls

    def images(self, data: Any) -> tf.Tensor:
        """Takes the images, without labels, out of the data that `fit` passes to `train_step`; checks their shape.

        A step must begin with this call: from here on the losses that layers add, and the number of images, are
        recorded for `minimize` and `report`.
        """
        images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        images = tf.convert_to_tensor(images)
        check_images(images.shape, images.dtype, self.encoder.input_shape, self.minimum_batch, type(self).__name__)
        self._pixels.record(*pixel_range(images))
        self._step_of_thread.begin(distribute.share(tf.shape(images)[0]), all_finite(images))
        return images

    def augment(self, images: tf.Tensor, training: bool = True) -> tf.Tensor:
        """Random views of `images`, view after view, of shape `(views * batch, height, width, channels)`."""
        if self.augmenter is None:
            return tf.cast(images, tf.float32)
        views = [self.draw_view(self.augmenter, images, view, training) for view in range(self.views)]
        return tf.concat(views, axis=0)

    def draw_view(self, augmenter: Callable, images: tf.Tensor, view: int, training: bool = True) -> Any:
        """Augments `images`, this replica's rows of the global batch, with the random numbers of the view."""
        first_row = self._step_of_thread.share.first_row
        return augmenter(images, seed=self.random_seed(view, training), first_row=first_row)

    def random_seed(self, view: int = 0, training: bool = True) -> tf.Tensor:
        """A seed for tf.random.stateless_*, an int32 tensor of shape `(2,)`: a function of (seed, step, view)."""
        step = tf.convert_to_tensor(self.step) if training else EVALUATION_STEP
        seed = tf.constant([self.seed, view], tf.int32)
        return tf.random.fold_in(seed, tf.cast(step, tf.int32), alg="philox")

    def draws(self, stream: int = 0, training: bool = True) -> Draws:
        """Random numbers of this replica's rows of the global batch: `uniform`, `integers`, `normal`.

        Args:
            stream: Integer. Streams have different random numbers, and no stream has those of a view. Defaults to
                `0`.
            training: Boolean. `False` draws the same numbers in every step, for `evaluate`. Defaults to `True`.

        Returns:
            `keras_ssl.augment.Draws`. Each call of its methods draws new numbers.
        """
        seed = self.random_seed(self.views + stream, training)
        return augment.Draws(seed, self._step_of_thread.share.first_row)

    def map_images(self, function: Callable, images: npt.ArrayLike, batch_size: int = 256) -> np.ndarray:
        """Applies a function to an array of images, batch by batch, such as for `reconstruct`.

        Args:
            function: Function from images, a tensor of shape `(batch, height, width, channels)`, to a tensor of shape
                `(batch, …)`.
            images: Array of shape `(n, height, width, channels)`, uint8 or float, raw pixels in [0, 255].
            batch_size: Positive integer. Images at a time. Defaults to `256`.

        Returns:
            NumPy array of shape `(n, …)`.

        Raises:
            ValueError: If the images are not what the encoder expects, or there are none.
        """
        images = np.asarray(images)
        check_images(images.shape, images.dtype, self.encoder.input_shape, 1, type(self).__name__)
        return map_batches(function, images, batch_size)

    def minimize(
        self,
        loss: tf.Tensor,
        tape: tf.GradientTape,
        variables: list[keras.Variable] | None = None,
        optimizer: keras.Optimizer | None = None,
        ends_step: bool = True,
    ) -> None:
        """One step of the optimizer down the gradient of `loss` and of the losses that layers add to it.

        As in Keras, these are the regularizers of the updated weights, and the activity regularizers and `add_loss`
        of their networks. The reported `loss` contains them, too.

        Args:
            loss: Float32 scalar, a mean over this replica's rows.
            tape: The `tf.GradientTape` that recorded it.
            variables: List of the weights to update. Defaults to all trainable weights.
            optimizer: A `keras.Optimizer`. Defaults to the one passed to `compile`.
            ends_step: Boolean. Whether to advance the step counter, on which the random draws depend. `False` for all
                but the last update of a `train_step` with several. Defaults to `True`.
        """
        variables = self.trainable_variables if variables is None else variables
        optimizer = self.optimizer if optimizer is None else optimizer
        # Keras sums the gradients of the replicas, so each is weighted by its share of the global batch. A
        # loss-scaling optimizer scales here, and divides again in apply_gradients.
        upstream = optimizer.scale_loss(tf.cast(self._step_of_thread.share.weight, loss.dtype))
        with recording(tape):  # for the regularizers of weights
            loss = tf.add_n([loss, *self._step_of_thread.added_losses.take(variables)])
        gradients = tape.gradient(loss, variables, output_gradients=upstream)
        # Keras asks a data set of unknown length for one batch too many. Operations that do not depend on that batch
        # would still run, such as the one that counts the step.
        with tf.control_dependencies([loss]):
            optimizer.apply_gradients(zip(gradients, variables, strict=True))
            if ends_step:
                self.step.assign_add(1)

    def report(self, loss: tf.Tensor, logs: dict) -> dict[str, tf.Tensor]:
        """Updates the metrics, means over the images of the epoch, and returns them for the progress bar.

        Args:
            loss: Scalar, of this replica. As in Keras, the losses that layers add are included in the report.
            logs: Dict of scalars by the names in `logged`. In the mean each is weighted by the number of images. For
                another weight, equal on all replicas, pass a pair (scalar, weight). For the names in `states` the
                newest value is reported.
        """
        share, finite = self._step_of_thread.share, self._step_of_thread.finite
        images = tf.cast(share.all_rows, tf.float32)
        loss = tf.add_n([loss, *self._step_of_thread.end()])
        # NaN pixels can leave the loss finite, because relu(NaN) is 0 on a CPU.
        loss = distribute.mean(tf.where(finite, loss, float("nan")), share)
        self._not_finite.record(self.step, loss, finite, share.rows)
        self._means["loss"].update_state(loss, sample_weight=images)
        for name in self.logged:
            value, weight = logs[name] if isinstance(logs[name], tuple) else (logs[name], None)
            weight = images if weight is None else weight
            self._means[name].update_state(distribute.mean(value, share), sample_weight=weight)
        results = {name: mean.result() for name, mean in self._means.items()}
        if distribute.is_multi_worker():
            # Keras reduces the workers' results along their first axis, so scalars need one.
            results = {name: tf.reshape(value, (1,)) for name, value in results.items()}
        return results

    # ------------------------------------------------------------------ what a method implements

    def forward(self, views: tf.Tensor, training: bool) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Computes the loss of views.

        Args:
            views: Float32 tensor of shape `(views * batch, height, width, channels)`, from `augment`.
            training: Boolean.

        Returns:
            A tuple of the loss, a scalar, and a dict with the scalars named in `logged`.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement forward(views, training).")

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step of the method's algorithm; each method has its own."""
        raise NotImplementedError(f"{type(self).__name__} must implement train_step(data).")

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """The training loss on held-out images: the same `forward` on views of a fixed seed, and no update."""
        return self.report(*self.forward(self.augment(self.images(data), training=False), training=False))

    # ------------------------------------------------------------------ Keras

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The running means of the loss and of the metrics in `logged`."""
        return list(self._means.values())

    def summary(self, *args, **kwargs) -> None:
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

    def get_config(self) -> dict:
        """The constructor's arguments, for `from_config`."""
        return {
            **super().get_config(),
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "augmenter": keras.saving.serialize_keras_object(self.augmenter),
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict) -> "SelfSupervisedModel":
        """Builds the method from `get_config()`."""
        return cls(**keras.saving.deserialize_keras_object(config))


class Latest(keras.metrics.Mean):
    """The newest value, for a state of the training such as a momentum."""

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Replaces the value."""
        # On several replicas Keras sums totals and counts.
        self.total.assign(values)
        self.count.assign(1.0)
