import contextlib
import threading

from keras_ssl.training.added_losses import AddedLosses


class StepOfThread(threading.local):
    """What the verbs of a `train_step` know of the step that runs; replicas run in threads of their own.

    Args:
        model: the method.

    Attributes:
        images: int32 scalar tensor, this replica's images; 1 where a step of the user's own did not ask for them.
        finite: boolean scalar tensor, whether their pixels are finite.
        added_losses: the `AddedLosses` of the step.
    """

    def __init__(self, model):
        self.images = 1
        self.finite = True
        self.added_losses = AddedLosses(model)

    def begin(self, images, finite):
        """Starts to note what belongs to a step on so many images."""
        self.images = images
        self.finite = finite
        self.added_losses.begin()


def recording(tape):
    """A context in which `tape` goes on recording, whether its own has ended or not."""
    return contextlib.nullcontext() if tape._recording else tape
