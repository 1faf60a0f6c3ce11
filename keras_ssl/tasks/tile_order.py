from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from keras_ssl import backbones, heads
from keras_ssl.augment import Draws
from keras_ssl.checks.networks import check_head
from keras_ssl.losses import positive_accuracy, softmax_cross_entropy
from keras_ssl.tasks.jigsaw_puzzle import JigsawPuzzle
from keras_ssl.tasks.task import Task


@keras.saving.register_keras_serializable("keras_ssl.tasks")
class TileOrder(Task):
    """Predicts the order of an image's shuffled tiles: the task of `keras_ssl.Jigsaw`.

    Noroozi and Favaro 2016 (https://arxiv.org/abs/1603.09246): the encoder sees the shuffled tiles of a
    `JigsawPuzzle` one by one, and a head on the features of all of them predicts the permutation. The loss is the
    cross-entropy. Pass `keras_ssl.callbacks.BatchStatistics` to `fit`, as runs do; `keras_ssl.Jigsaw` says why.
    Logged beside the loss: `accuracy`; chance is 1 / permutations.

    Args:
        grid: Integer of at least 2. Tiles in a row and in a column. Defaults to `3`, as in the paper. The cells,
            `height // grid` by `width // grid`, need at least 4 pixels on each side.
        permutations: Integer from 2 to the factorial of `grid * grid`. The number of permutations to choose from. Or
            the permutations themselves, a list of rows. Defaults to `100`, as in the paper.
        head: A built `keras.Model` from the features of all tiles `(batch, grid * grid * features)` to logits
            `(batch, permutations)`. Defaults to `heads.projection_head` with one hidden layer of 1024.
        tile_size: Integer or pair of integers (height, width). Defaults to 64/75 of a cell as in the paper, but at
            least 4.
        augmented: Boolean. Whether to cut up a random view of each image instead of the image. Defaults to `False`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Raises:
        ValueError: If the encoder cannot take images of the tiles' size, the grid makes the tiles too small, there
            are not so many permutations, or the head does not fit. Raised when the task gets its encoder.

    Example:

    >>> import keras_ssl
    >>> tasks = {"order": keras_ssl.tasks.TileOrder(permutations=30), "turn": keras_ssl.tasks.Rotation()}
    >>> model = keras_ssl.MultiTask(keras_ssl.backbones.small_cnn((32, 32, 3)), tasks)
    """

    logged = ("accuracy",)
    encodes_whole_images = False

    def __init__(
        self,
        grid: int = 3,
        permutations: int | Sequence[Sequence[int]] = 100,
        head: keras.Model | None = None,
        *,
        tile_size: int | tuple[int, int] | None = None,
        augmented: bool = False,
        **kwargs,
    ):
        super().__init__(augmented=augmented, **kwargs)
        self.grid = grid
        self.permutations = permutations
        self.head = head
        self.tile_size = tile_size

    def build_head(self, encoder: keras.Model) -> None:
        """Builds an encoder of tiles from the same layers, and a head on the features of all tiles of an image."""
        self.puzzle = JigsawPuzzle(encoder.input_shape[1:], self.grid, self.permutations, self.tile_size)
        self.tile_encoder = backbones.at_size(encoder, self.puzzle.tile_size)
        self.tile_features = self.puzzle.grid**2 * encoder.output_shape[-1]
        count = len(self.puzzle.permutations)
        self.head = self.head or heads.projection_head(self.tile_features, 1024, count, output_batch_norm=False)
        check_head("head", self.head, self.tile_features, count)

    def forward(
        self, encoder: Callable, images: tf.Tensor, target: None, draws: Draws, training: bool
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Encodes the shuffled tiles of all images in one batch, and classifies their permutations."""
        tiles, labels = self.puzzle(images, draws)
        features = self.tile_encoder(tf.reshape(tiles, (-1, *tiles.shape[2:])), training=training)
        logits = self.head(tf.reshape(features, (-1, self.tile_features)), training=training)
        return softmax_cross_entropy(logits, labels), {"accuracy": positive_accuracy(logits, labels)}

    def get_config(self) -> dict:
        """The constructor's arguments, with the chosen permutations: another version may choose others."""
        return {
            **super().get_config(),
            "grid": self.grid,
            "permutations": self.puzzle.permutations.tolist() if self.built else self.permutations,
            "head": keras.saving.serialize_keras_object(self.head),
            "tile_size": list(self.puzzle.tile_size) if self.built else self.tile_size,
        }
