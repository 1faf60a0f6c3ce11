"""The state of one training step: this replica's share of the batch, and the losses that layers add."""

import contextlib
import threading

import keras
import tensorflow as tf

from keras_ssl import distribute


class StepOfThread(threading.local):
    """The state of the running `train_step`. It is thread-local, because each replica runs in its own thread.

    Args:
        model: The method.

    Attributes:
        finite: Boolean scalar tensor. Whether all pixels of the images are finite.
        added_losses: The `AddedLosses` of the step.
    """

    def __init__(self, model: keras.Model):
        self._share: distribute.Share | None = None
        self.finite = True
        self.added_losses = AddedLosses(model)

    def begin(self, share: distribute.Share, finite: tf.Tensor) -> None:
        """Starts a step."""
        self._share = share
        self.finite = finite
        self.added_losses.begin()

    def end(self) -> list[tf.Tensor]:
        """Ends the step, and forgets its tensors.

        Returns:
            List of scalars, the losses that layers added.
        """
        self._share, self.finite = None, True
        return self.added_losses.end()

    @property
    def share(self) -> distribute.Share:
        """This replica's `keras_ssl.distribute.Share` of the images; outside a step a share of one image."""
        if self._share is not None:
            return self._share
        if distribute.num_replicas() > 1:
            raise ValueError(
                "On several replicas a train_step must take its images from self.images(data), which counts the "
                "images of each replica. Received: a train_step that did not call it"
            )
        return distribute.Share(0, 1, 1)


def recording(tape: tf.GradientTape) -> contextlib.AbstractContextManager:
    """A context in which `tape` records, whether its own context has ended or not."""
    return contextlib.nullcontext() if tape._recording else tape


_thread = threading.local()


class AddedLosses:
    """Records the losses that layers add in a step: activity regularizers, and `add_loss` of the user's layers.

    Keras keeps these losses in the layers. The next call of a layer deletes them, and the threads of several replicas
    would mix them. A step calls its networks several times, so each loss is recorded when it is added.

    Args:
        model: The `keras.Model` that is trained.
    """

    def __init__(self, model: keras.Model):
        self._model = model
        self._recorded = []
        self._taken = []

    def begin(self) -> None:
        """Starts to record the losses of all layers in this thread, until `end`."""
        self._recorded, self._taken = [], []
        for layer in self._model._flatten_layers():
            if "add_loss" not in vars(layer):
                layer.add_loss = _recorded(layer, layer.add_loss)
        _thread.step = self

    def record(self, layer: keras.layers.Layer, losses: list[tf.Tensor]) -> None:
        """Records losses that `layer` has added."""
        self._recorded += [(layer, loss) for loss in losses]

    def take(self, variables: list[keras.Variable]) -> list[tf.Tensor]:
        """The recorded losses that belong to an update, and the regularizers of the updated weights.

        The losses of a network belong to the update if one of `variables` is its own, or if it has no weights. So
        momentum encoders are never regularized, and each of two adversaries has its own losses.

        Args:
            variables: List of the weights to update.

        Returns:
            List of float32 scalars.
        """
        layers = _layers_of(self._model, variables)
        regularized = [variable for variable in variables if getattr(variable, "regularizer", None) is not None]
        losses = [loss for layer, loss in self._recorded if id(layer) in layers and _is_of_this_graph(loss)]
        losses += [variable.regularizer(variable) for variable in regularized]
        losses = [tf.reduce_sum(tf.cast(loss, tf.float32)) for loss in losses]
        self._recorded = [(layer, loss) for layer, loss in self._recorded if id(layer) not in layers]
        self._taken += losses
        return losses

    def end(self) -> list[tf.Tensor]:
        """The losses taken in the step, a list of scalars; if nothing was minimized, all of them."""
        losses = self._taken or self.take(self._model.trainable_variables)
        _thread.step = None
        self._recorded, self._taken = [], []
        return losses


def _recorded(layer, add_loss):
    """Wraps `add_loss` of a layer, so that the step of this thread records the loss, too."""

    def record(loss):
        add_loss(loss)
        if step := getattr(_thread, "step", None):
            step.record(layer, tf.nest.flatten(loss))

    return record


def _is_of_this_graph(loss):
    """Whether a loss is of the running graph, and not of a functional model that the step has just built."""
    return not tf.is_symbolic_tensor(loss) or loss.graph is tf.compat.v1.get_default_graph()


def _layers_of(model, variables):
    """The ids of the layers whose losses belong to an update of `variables`."""
    updated = {id(variable) for variable in variables}
    layers = {id(model)}
    for network in model._flatten_layers(include_self=False, recursive=False):
        weights = network.variables
        if not weights or any(id(weight) in updated for weight in weights):
            layers |= {id(layer) for layer in network._flatten_layers()}
    return layers
