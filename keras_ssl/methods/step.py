"""What belongs to one step of a training: this replica's share of the batch, and what layers add to the loss."""

import contextlib
import threading

import tensorflow as tf

from keras_ssl import distribute


class StepOfThread(threading.local):
    """What the verbs of a `train_step` know of the step that runs; replicas run in threads of their own.

    Args:
        model: the method.

    Attributes:
        finite: boolean scalar tensor, whether all pixels of its images are finite.
        added_losses: the `AddedLosses` of the step.
    """

    def __init__(self, model):
        self._share = None
        self.finite = True
        self.added_losses = AddedLosses(model)

    def begin(self, share, finite):
        """Starts to note what belongs to a step."""
        self._share = share
        self.finite = finite
        self.added_losses.begin()

    def end(self):
        """Forgets the step, whose tensors are of no use in another.

        Returns:
            What layers added to the loss, a list of scalars.
        """
        self._share, self.finite = None, True
        return self.added_losses.end()

    @property
    def share(self):
        """This replica's `keras_ssl.distribute.Share` of the images; of one where no step has asked for them."""
        if self._share is not None:
            return self._share
        if distribute.num_replicas() > 1:
            raise ValueError(
                "On several replicas a train_step takes its images from self.images(data), which tells how many each "
                "of them has. Received: a step that does not"
            )
        return distribute.Share(0, 1, 1)


def recording(tape):
    """A context in which `tape` goes on recording, whether its own has ended or not."""
    return contextlib.nullcontext() if tape._recording else tape


_thread = threading.local()


class AddedLosses:
    """What layers add to the loss in a step: activity regularizers, and `add_loss` in layers of the user's own.

    Keras keeps these losses in the layers, where a layer's next call deletes them, and where the threads of several
    replicas would mix theirs. A step calls its networks several times, so each loss is noted when it is added.

    Args:
        model: the `keras.Model` whose step it is.
    """

    def __init__(self, model):
        self._model = model
        self._recorded = []
        self._taken = []

    def begin(self):
        """Listens to all layers that are called in this thread, until `end`."""
        self._recorded, self._taken = [], []
        for layer in self._model._flatten_layers():
            if "add_loss" not in vars(layer):
                layer.add_loss = _heard(layer, layer.add_loss)
        _thread.step = self

    def record(self, layer, losses):
        """Notes what `layer` has just added."""
        self._recorded += [(layer, loss) for loss in losses]

    def take(self, variables):
        """The losses of what is being updated: what its layers added, and the regularizers of its weights.

        What a network added counts where one of `variables` is its own, or where it has no weights. So momentum
        encoders are never regularized, and each of two adversaries has its own losses.

        Args:
            variables: the weights that are updated.

        Returns:
            List of scalar float32 tensors.
        """
        layers = _layers_of(self._model, variables)
        regularized = [variable for variable in variables if getattr(variable, "regularizer", None) is not None]
        losses = [loss for layer, loss in self._recorded if id(layer) in layers and _is_of_this_graph(loss)]
        losses += [variable.regularizer(variable) for variable in regularized]
        losses = [tf.reduce_sum(tf.cast(loss, tf.float32)) for loss in losses]
        self._recorded = [(layer, loss) for layer, loss in self._recorded if id(layer) not in layers]
        self._taken += losses
        return losses

    def end(self):
        """All that was taken in the step, a list of scalars; where nothing was minimized, all that there is."""
        losses = self._taken or self.take(self._model.trainable_variables)
        _thread.step = None
        self._recorded, self._taken = [], []
        return losses


def _heard(layer, add_loss):
    """`add_loss` of a layer, which tells the step that runs in this thread, too."""

    def record(loss):
        add_loss(loss)
        if step := getattr(_thread, "step", None):
            step.record(layer, tf.nest.flatten(loss))

    return record


def _is_of_this_graph(loss):
    """Not so of what layers add while Keras wires a network, which a step may do."""
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
