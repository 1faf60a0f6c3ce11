import contextlib
import threading

from keras_ssl import distribute
from keras_ssl.training.added_losses import AddedLosses


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
