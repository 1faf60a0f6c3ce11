import os
import warnings
from pathlib import Path

import keras

from keras_ssl import plots
from keras_ssl.files.atomic_write import atomic_write
from keras_ssl.files.make_folder import make_folder

# In runs of DCGAN on digits and CIFAR-10 whose features went on to improve, the lower of the two accuracies stayed
# between 0.55 and 0.92, the higher went up to 0.98, and their mean stayed above 0.7.
SURE = 0.95
CHANCE = 0.55


class GANMonitor(keras.callbacks.Callback):
    """Saves grids of generated images while a GAN trains, and warns when one side has won.

    The losses of a GAN say little, since each is measured against an opponent that also learns. The images say more:
    all grids show the same latents, so they show how each image develops, and mode collapse at once. Training is not
    changed: the callback draws none of its random numbers.

    The discriminator has won when it is right on more than 95 % of both real and generated images: the generator's
    images differ from real ones in a way that it cannot correct. The generator has won when the discriminator
    is right on less than 55 % of both together, hardly more than by guessing, though it was better in some epoch
    before: there is nothing to be learned from it then. Either ends what the other can learn. The callback warns when
    that has lasted for `patience` epochs, and again only after it had ended in between.

    Args:
        folder: Where `epoch-0001.png`, `epoch-0002.png`, … go, made if it is not there; None for no images. Defaults
            to `None`.
        every: Positive integer. Epochs from one grid to the next; the last epoch always has one. Defaults to `1`.
        images: Positive integer. Images in a grid. Defaults to `16`.
        patience: Positive integer. Epochs for which a side must have won. Defaults to `3`.
        seed: Integer. Seed of the latents. Defaults to `0`.

    Raises:
        ValueError: If a number is not positive; in fit, if the model does not generate.

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

    def on_train_begin(self, logs=None):
        """Resets the count of epochs."""
        if not hasattr(self.model, "generate"):
            raise ValueError(
                "GANMonitor draws images with model.generate(n, seed), which keras_ssl.DCGAN has. "
                f"Received: model={self.model!r}"
            )
        self._winner, self._epochs_won, self._had_learned = None, 0, False

    def on_epoch_end(self, epoch, logs=None):
        """Saves a grid when one is due, and warns when one side has won."""
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
        "Make it less sure with label_smoothing=0.1, less steep with r1_weight or spectral_normalization=True, or "
        "slower with a smaller learning rate of its optimizer."
    ),
    "generator": (
        "Look at what it draws: if all images are alike, begin again with smaller learning rates; else give the "
        "discriminator more filters, or the generator's optimizer a smaller learning rate."
    ),
}
