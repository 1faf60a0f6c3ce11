from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_ssl import distribute
from keras_ssl.backbones.copies import copied
from keras_ssl.checks.networks import check_encoder
from keras_ssl.data.epoch_order import EpochOrder
from keras_ssl.data.without_autotune import without_autotune
from keras_ssl.own_loss_model import OwnLossModel


class SceneModel(OwnLossModel):
    """Base class of `Detector` and `Segmenter`: an encoder's feature maps, a network on them, labelled images.

    A subclass builds `network` on `keras_ssl.backbones.feature_pyramid(self.encoder)`, computes its losses in
    `forward`, and writes the step in `train_step`, with `augment`, `minimize` and `report`.

    Args:
        encoder: A built `keras.Model` from images to features. The model has a copy; it is left as it is.
        class_names: Sequence of strings, the names of the classes 0, 1, ….
        augmenter: A `keras_ssl.augment.SceneAugmenter`, or None for the images as they are.
        seed: Integer. With the number of the step it determines the augmentation.
        **kwargs: Arguments of `keras.Model`.
    """

    #: Names of the losses that `forward` returns.
    logged: tuple[str, ...] = ()

    def __init__(self, encoder: keras.Model, class_names: Sequence[str], augmenter: Any, seed: int, **kwargs):
        super().__init__(**kwargs)
        check_encoder(encoder)
        self.encoder = copied(encoder)
        self.class_names = check_class_names(class_names)
        self.augmenter = augmenter
        self.seed = int(seed)
        self._means = {name: keras.metrics.Mean(name=name) for name in ("loss", *self.logged)}
        self.built = True

    def build(self, input_shape: Any = None) -> None:
        """Does nothing: everything is built in `__init__`, from the encoder."""

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # On several replicas Keras averages their images to get a shape, which fails if their numbers differ.
        pass

    def fit(self, x: Any = None, y: Any = None, *args, **kwargs) -> keras.callbacks.History:
        """Trains on labelled images, as `keras.Model.fit`.

        Args:
            x: A batched `tf.data.Dataset` of images and what is to be found in them, such as
                `keras_ssl.data.boxes` and `keras_ssl.data.masks` make, whose order is a function of (seed, epoch); or
                an array of images, with `y`.
            y: What is to be found in an array of images.
            *args: As in `keras.Model.fit`.
            **kwargs: As in `keras.Model.fit`. `validation_data` gives the same losses on images as they are.

        Returns:
            A `keras.callbacks.History`.
        """
        if not self.compiled:
            raise ValueError(
                f"Compile {type(self).__name__} before fit, with an optimizer: model.compile('adam'). "
                "Received: a model that is not compiled"
            )
        if isinstance(x, tf.data.Dataset):
            x = without_autotune(distribute.transferable(x, self.distribute_strategy))
            callbacks = kwargs.pop("callbacks", None) or []
            callbacks = [callbacks] if isinstance(callbacks, keras.callbacks.Callback) else callbacks
            kwargs |= {"callbacks": [EpochOrder(x), *callbacks], "shuffle": False}
        return super().fit(x, y, *args, **kwargs)

    def augment(self, images: tf.Tensor, targets: dict[str, tf.Tensor]) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Random views of the images, with what is to be found in them: a function of (seed, step)."""
        if self.augmenter is None:
            return tf.cast(images, tf.float32), targets
        step = tf.cast(self.optimizer.iterations, tf.int32)
        seed = tf.random.fold_in(tf.constant([self.seed, 0], tf.int32), step, alg="philox")
        return self.augmenter(images, targets, seed=seed, first_row=self.share(images).first_row)

    def share(self, images: tf.Tensor) -> distribute.Share:
        """This replica's part of the global batch."""
        return distribute.share(tf.shape(images)[0])

    def total(self, losses: dict[str, tf.Tensor]) -> tf.Tensor:
        """The sum of the losses and of what layers add to them, such as regularizers."""
        return tf.add_n([*losses.values(), *(tf.cast(loss, tf.float32) for loss in self.losses)])

    def minimize(self, loss: tf.Tensor, tape: tf.GradientTape, images: tf.Tensor) -> None:
        """One step of the optimizer.

        Args:
            loss: Float32 scalar, this replica's.
            tape: The `tf.GradientTape` that recorded it.
            images: Tensor of this replica's images.
        """
        variables = self.trainable_variables
        # Keras adds the gradients of the replicas, so each counts by its share of the global batch.
        upstream = self.optimizer.scale_loss(tf.cast(self.share(images).weight, loss.dtype))
        gradients = tape.gradient(loss, variables, output_gradients=upstream)
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))

    def report(self, losses: dict[str, tf.Tensor], images: tf.Tensor) -> dict[str, tf.Tensor]:
        """Updates the metrics, means over the images of the epoch, and returns them for the progress bar.

        Args:
            losses: Dict of scalars, this replica's losses, by the names in `logged`.
            images: Tensor of this replica's images.
        """
        share = self.share(images)
        rows = tf.cast(share.all_rows, tf.float32)
        for name, loss in {"loss": self.total(losses), **losses}.items():
            self._means[name].update_state(distribute.mean(loss, share), sample_weight=rows)
        results = {name: mean.result() for name, mean in self._means.items()}
        if distribute.is_multi_worker():
            # Keras reduces the workers' results along their first axis, so scalars need one.
            results = {name: tf.reshape(value, (1,)) for name, value in results.items()}
        return results

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The running means of the losses."""
        return list(self._means.values())

    def get_config(self) -> dict:
        """The constructor's arguments, for `from_config`."""
        return {
            **super().get_config(),
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "classes": self.class_names,
            "augmenter": keras.saving.serialize_keras_object(self.augmenter),
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict) -> "SceneModel":
        """Builds the model from `get_config()`."""
        return cls(**keras.saving.deserialize_keras_object(config))


def check_class_names(class_names: Sequence[str]) -> list[str]:
    """The names as a list, or a ValueError if there are none, one twice, or something that is no name."""
    names = [] if isinstance(class_names, str) else list(class_names)
    if not names or not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise ValueError(
            "classes must be the names of the classes 0, 1, …, each once, such as ['cat', 'dog']. "
            f"Received: classes={class_names!r}"
        )
    return names
