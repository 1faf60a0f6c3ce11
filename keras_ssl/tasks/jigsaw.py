import keras
import tensorflow as tf

from keras_ssl import backbones, heads
from keras_ssl.checks.networks import check_head
from keras_ssl.losses import positive_accuracy, softmax_cross_entropy
from keras_ssl.pretext import JigsawPuzzle
from keras_ssl.tasks.task import Task


@keras.saving.register_keras_serializable("keras_ssl.tasks")
class Jigsaw(Task):
    """Says in which order the tiles of an image were put, as `keras_ssl.Jigsaw` does.

    Noroozi and Favaro 2016 (https://arxiv.org/abs/1603.09246): the shuffled tiles go through the encoder one by one,
    and a head on all their features says which permutation it was. Give fit `keras_ssl.callbacks.BatchStatistics`, as
    runs do. Logged beside the loss: `accuracy`; chance is 1 / permutations.

    Args:
        grid: int of at least 2, tiles in a row and in a column. Defaults to 3, as in the paper. The cells,
            `height // grid` by `width // grid`, need at least 4 pixels on each side.
        permutations: int from 2 to the factorial of `grid * grid`, how many permutations there are to choose from; or
            the permutations themselves, a list of rows. Defaults to 100, as in the paper.
        head: a built `keras.Model` from the features of all tiles (batch, grid * grid * features) to logits (batch,
            permutations). By default `heads.projection_head` with one hidden layer of 1024.
        tile_size: int or pair of ints (height, width). By default 64/75 of a cell as in the paper, at least 4.
        augmented: bool, whether it cuts up a random view of each image instead of the image. Defaults to False.
        **kwargs: arguments of `keras.layers.Layer`.

    Raises:
        ValueError: from `MultiTask`, for an encoder that does not go with images of the tiles' size, a grid that
            leaves tiles too small, more permutations than there are, or a head that does not fit.

    Example:

    >>> import keras_ssl
    >>> tasks = {"order": keras_ssl.tasks.Jigsaw(permutations=30), "turn": keras_ssl.tasks.Rotation()}
    >>> model = keras_ssl.MultiTask(keras_ssl.backbones.small_cnn((32, 32, 3)), tasks)
    """

    logged = ("accuracy",)
    encodes_whole_images = False

    def __init__(self, grid=3, permutations=100, head=None, *, tile_size=None, augmented=False, **kwargs):
        super().__init__(augmented=augmented, **kwargs)
        self.grid = grid
        self.permutations = permutations
        self.head = head
        self.tile_size = tile_size

    def build_head(self, encoder):
        """The encoder for tiles, made of the same layers, and a head on the features of all tiles of an image."""
        self.puzzle = JigsawPuzzle(encoder.input_shape[1:], self.grid, self.permutations, self.tile_size)
        self.tile_encoder = backbones.at_size(encoder, self.puzzle.tile_size)
        self.tile_features = self.puzzle.grid**2 * encoder.output_shape[-1]
        count = len(self.puzzle.permutations)
        self.head = self.head or heads.projection_head(self.tile_features, 1024, count, output_batch_norm=False)
        check_head("head", self.head, self.tile_features, count)

    def forward(self, encoder, images, target, draws, training):
        """Encodes the shuffled tiles of all images in one batch, and classifies their permutations."""
        tiles, labels = self.puzzle(images, draws)
        features = self.tile_encoder(tf.reshape(tiles, (-1, *tiles.shape[2:])), training=training)
        logits = self.head(tf.reshape(features, (-1, self.tile_features)), training=training)
        return softmax_cross_entropy(logits, labels), {"accuracy": positive_accuracy(logits, labels)}

    def get_config(self):
        """The constructor's arguments, with the permutations themselves where they are chosen."""
        return {
            **super().get_config(),
            "grid": self.grid,
            "permutations": self.puzzle.permutations.tolist() if self.built else self.permutations,
            "head": keras.saving.serialize_keras_object(self.head),
            "tile_size": self.tile_size,
        }
