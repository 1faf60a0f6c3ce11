import os
import warnings
from pathlib import Path

import keras

from keras_ssl import plots
from keras_ssl.files.atomic_write import atomic_write
from keras_ssl.files.make_folder import make_folder

# In runs of DCGAN on digits and CIFAR-10 whose features continued to improve, the lower of the two accuracies stayed
# between 0.55 and 0.92, the higher reached 0.98, and their mean stayed above 0.7.
SURE = 0.95
CHANCE = 0.55


class GANMonitor(keras.callbacks.Callback):
    """Saves grids of generated images while a GAN trains, and warns when one side has won.

    The losses of a GAN say little, because each is measured against an opponent that also learns. The images say
    more: all grids show the same latents, so they show how each image develops, and mode collapse at once. Training
    does not change: the callback draws none of its random numbers.

    The discriminator has won if it is right on more than 95 % of the real and of the generated images: the generator
    cannot find out how its images differ from real ones. The generator has won if the discriminator is right on less
    than 55 % of both together, hardly more than by guessing, although it was better in an earlier epoch: then nothing
    can be learned from it. In both cases the other side stops learning. The callback warns when this has lasted for
    `patience` epochs, and again only after a recovery.

    Args:
        folder: String or path. Folder for `epoch-0001.png`, `epoch-0002.png`, …; created if missing. Defaults to
            `None`: no images.
        every: Integer > 0. Epochs between grids; the last epoch always has one. Defaults to `1`.
        images: Integer > 0. Images in a grid. Defaults to `16`.
        patience: Integer > 0. Epochs for which a side must have won before the warning. Defaults to `3`.
        seed: Integer. Seed of the latents. Defaults to `0`.

    Raises:
        ValueError: If a number is not positive; in fit, if the model has no `generate`.

    Warns:
        UserWarning: In fit, when one side has won.

    Example:

    >>> images = np.random.randint(0, 256, (64, 8, 8, 1), "uint8")
    >>> model = keras_ssl.DCGAN((8, 8, 1), filters=(4, 8))
    >>> model.compile()
    >>> monitor = keras_ssl.callbacks.GANMonitor("samples", every=5)
    >>> history = model.fit(images, batch_size=32, epochs=10, callbacks=[monitor], verbose=0)
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | None = None,
        every: int = 1,
        images: int = 16,
        patience: int = 3,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if min(every, images, patience) < 1:
            raise ValueError(
                "every, images and patience must be positive. "
                f"Received: every={every}, images={images}, patience={patience}"
            )
        self.folder = None if folder is None else Path(folder)
        self.every = every
        self.images = images
        self.patience = patience
        self.seed = seed

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Reset the count of epochs."""
        if not hasattr(self.model, "generate"):
            raise ValueError(
                "GANMonitor needs a model with generate(n, seed), such as keras_ssl.DCGAN: it calls model.generate. "
                f"Received: model={self.model!r}"
            )
        self._winner, self._epochs_won, self._had_learned = None, 0, False

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Save a grid if one is due, and warn if one side has won."""
        if self.folder and ((epoch + 1) % self.every == 0 or epoch + 1 == self.params.get("epochs")):
            make_folder(self.folder)
            figure = plots.samples(self.model.generate(self.images, self.seed))
            atomic_write(self.folder / f"epoch-{epoch + 1:04d}.png", figure.savefig)
        real, fake = logs["real_accuracy"], logs["fake_accuracy"]
        winner = self._winner_of(real, fake)
        self._epochs_won = self._epochs_won + 1 if winner == self._winner else 1
        self._winner = winner
        if winner and self._epochs_won == self.patience:
            warnings.warn(
                f"The {winner} has won for {self.patience} epochs, up to epoch {epoch + 1}: the discriminator is "
                f"right on {real:.0%} of real and {fake:.0%} of generated images. {ADVICE[winner]}",
                stacklevel=2,
            )

    def _winner_of(self, real, fake):
        guesses = (real + fake) / 2 < CHANCE
        self._had_learned = self._had_learned or not guesses
        if min(real, fake) > SURE:
            return "discriminator"
        return "generator" if guesses and self._had_learned else None


ADVICE = {
    "discriminator": (
        "Make the discriminator less sure with label_smoothing=0.1, smoother with r1_weight or "
        "spectral_normalization=True, or slower with a lower learning rate of its optimizer."
    ),
    "generator": (
        "Look at the generated images. If all are alike, start again with lower learning rates. Otherwise give the "
        "discriminator more filters, or the generator's optimizer a lower learning rate."
    ),
}
