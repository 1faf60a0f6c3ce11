from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_ssl.augment import Augmenter
from keras_ssl.methods.task_method import TaskMethod
from keras_ssl.tasks import JigsawPuzzle, TileOrder, lay_tiles, shuffle_tiles


@keras.saving.register_keras_serializable("keras_ssl")
class Jigsaw(TaskMethod):
    """Predicts the order of an image's shuffled tiles, which requires knowing its parts and how they fit together.

    Noroozi and Favaro 2016, "Unsupervised Learning of Visual Representations by Solving Jigsaw Puzzles"
    (https://arxiv.org/abs/1603.09246), section 3: the tiles of a grid over the image are shuffled by one of a set of
    permutations and go through one encoder E in one batch. A head h on the features of all of them predicts the
    permutation p:

        L = −1/N Σ_i log h^{p_i}( E(tile_1), …, E(tile_n) )

    The encoder sees each tile alone, so it has to learn what is in it. Each is cut at a random place of its cell, so
    that edges do not fit, and standardized, so that brightness and tint do not give neighbors away: see
    `keras_ssl.tasks.JigsawPuzzle`. Color fringes of a lens can still give a tile's place away. For photographs the
    paper shifts the color channels and trains on some gray images, which is left to the augmenter. The loss is
    computed by `keras_ssl.tasks.TileOrder`.

    The encoder is trained on tiles and works on whole images afterwards: its layers are the same, and so is the
    number of features. But batch normalization remembers the statistics of standardized tiles, and features are
    better with those of whole images. Pass `keras_ssl.callbacks.BatchStatistics` to `fit`, as runs do.

    Make the tiles so large that the encoder's last feature map of a tile has more than one position. Otherwise all of
    a kernel except its middle meets only padding there, and learns nothing that is of use on whole images. A ResNet
    needs at least 9 pixels with the small stem, and 33 with the large one, so images of 32 pixels need `grid=2`.

    Logged beside the loss: `permutation_accuracy`; chance is 1 / permutations.

    Args:
        encoder: A built functional `keras.Model` from images `(batch, height, width, channels)`, raw pixels in
            [0, 255], to features `(batch, features)`. It must also work on images of the tiles' size, as a ResNet
            does.
        grid: Integer of at least 2. Tiles in a row and in a column. Defaults to `3`, as in the paper. The cells,
            `height // grid` by `width // grid`, need at least 4 pixels on each side.
        permutations: Integer from 2 to the factorial of `grid * grid`. The number of permutations to choose from. Or
            the permutations themselves, a list of rows. Defaults to `100`, as in the paper.
        head: A `keras.Model` from the features of all tiles `(batch, grid * grid * features)` to logits
            `(batch, permutations)`. Defaults to `heads.projection_head` with one hidden layer of 1024.
        augmenter: A `keras_ssl.augment.Augmenter`. Defaults to `None`: the images as they are. The paper has random
            crops.
        tile_size: Integer or pair of integers (height, width). Defaults to 64/75 of a cell as in the paper, but at
            least 4.
        seed: Integer. With the step it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If the encoder cannot take images of the tiles' size, such as `backbones.mlp`, the grid makes the
            tiles too small, there are not so many permutations, or the head does not fit.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> model = keras_ssl.Jigsaw(keras_ssl.backbones.small_cnn((32, 32, 3)), permutations=30)
    >>> model.compile("adam")
    >>> whole = keras_ssl.callbacks.BatchStatistics(images)
    >>> history = model.fit(images, batch_size=32, callbacks=[whole], verbose=0)
    >>> model.predict(images, verbose=0).shape
    (64, 256)
    """

    logged = ("permutation_accuracy",)

    def __init__(
        self,
        encoder: keras.Model,
        grid: int = 3,
        permutations: int | Sequence[Sequence[int]] = 100,
        head: keras.Model | None = None,
        augmenter: Augmenter | None = None,
        *,
        tile_size: int | tuple[int, int] | None = None,
        seed: int = 0,
        **kwargs,
    ):
        task = TileOrder(grid, permutations, head, tile_size=tile_size)
        super().__init__(encoder, task, augmenter, seed=seed, **kwargs)

    @property
    def puzzle(self) -> JigsawPuzzle:
        """Cuts and shuffles the images."""
        return self.task.puzzle

    @property
    def tile_encoder(self) -> keras.Model:
        """The encoder for images of the tiles' size, made of the same layers."""
        return self.task.tile_encoder

    @property
    def head(self) -> keras.Model:
        """The classifier of permutations, on the features of all tiles of an image."""
        return self.task.head

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Section 3 of the paper; `tasks.TileOrder` shuffles the tiles and classifies their permutations."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def questions(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """What the encoder is asked about images, for `keras_ssl.plots.questions`: the tiles of a view of each.

        Args:
            images: Array of shape `(n, height, width, channels)`, raw pixels in [0, 255].

        Returns:
            Dict of float32 arrays of shape `(n, …, channels)`: the tiles side by side, in their order and shuffled.
        """
        tiles, labels = self.puzzle(self.augment(images, training=False), self.draws(training=False))
        in_order = shuffle_tiles(tiles, tf.argsort(tf.gather(self.puzzle.permutations, labels)))
        return {"tiles": lay_tiles(in_order).numpy(), "shuffled": lay_tiles(tiles).numpy()}
