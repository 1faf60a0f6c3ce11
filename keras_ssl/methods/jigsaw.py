import keras
import tensorflow as tf

from keras_ssl import backbones, heads
from keras_ssl.checks.networks import check_head
from keras_ssl.losses import positive_accuracy, softmax_cross_entropy
from keras_ssl.methods.base import SelfSupervisedModel
from keras_ssl.pretext import JigsawPuzzle, lay_tiles, shuffle_tiles


@keras.saving.register_keras_serializable("keras_ssl")
class Jigsaw(SelfSupervisedModel):
    """Says in which order the tiles of an image were put, which takes knowing its parts and how they belong together.

    Noroozi and Favaro 2016, "Unsupervised Learning of Visual Representations by Solving Jigsaw Puzzles"
    (https://arxiv.org/abs/1603.09246), section 3: the tiles of a grid over the image are shuffled by one of a set of
    permutations, go through one encoder E in one batch, and a head h on all their features says which permutation p
    it was:

        L = −1/N Σ_i log h^{p_i}( E(tile_1), …, E(tile_n) )

    The tiles know nothing of each other until the head, so the encoder has to learn what is in them. Each is cut at
    a random place of its cell, so that edges do not fit, and standardized, so that brightness and tint do not tell
    neighbors: see `keras_ssl.pretext.JigsawPuzzle`. Color fringes of a lens can still tell a tile's place; for
    photographs the paper shifts the color channels and trains on some gray images, which is left to the augmenter.

    The encoder is trained on tiles and works on whole images afterwards: its layers are the same, and the features
    are of the size that they always had. But batch normalization remembers statistics of standardized tiles: give fit
    `keras_ssl.callbacks.BatchStatistics`, as runs do, for those of whole images, which features are better with.

    Let tiles be so large that the encoder's last feature map of them has more than one place. Else all but the middle
    of a kernel meets padding there, and learns nothing that whole images could use. For a ResNet that is 9 pixels
    with the small stem, and 33 with the large one, so 32 pixels want `grid=2`.

    Logged beside the loss: `permutation_accuracy`; chance is 1 / permutations.

    Args:
        encoder: a built functional `keras.Model` from images (batch, height, width, channels), raw pixels in
            [0, 255], to features (batch, features), and of images of the tiles' size too: such as a ResNet.
        grid: int of at least 2, tiles in a row and in a column. Defaults to 3, as in the paper. The cells,
            `height // grid` by `width // grid`, need at least 4 pixels on each side.
        permutations: int from 2 to the factorial of `grid * grid`, how many permutations there are to choose from; or
            the permutations themselves, a list of rows. Defaults to 100, as in the paper.
        head: a `keras.Model` from the features of all tiles (batch, grid * grid * features) to logits (batch,
            permutations). By default `heads.projection_head` with one hidden layer of 1024.
        augmenter: a `keras_ssl.augment.Augmenter`. By default the images are taken as they are; the paper has random
            crops.
        tile_size: int or pair of ints (height, width). By default 64/75 of a cell as in the paper, at least 4.
        seed: int. With the step it determines every random draw of the training.

    Raises:
        ValueError: for an encoder that does not go with images of the tiles' size, such as `backbones.mlp`, a grid
            that leaves tiles too small, more permutations than there are, or a head that does not fit.

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
    encodes_whole_images = False

    def __init__(
        self,
        encoder,
        grid=3,
        permutations=100,
        head=None,
        augmenter=None,
        *,
        tile_size=None,
        seed=0,
        **kwargs,
    ):
        super().__init__(encoder, augmenter, seed=seed, **kwargs)
        self.puzzle = JigsawPuzzle(encoder.input_shape[1:], grid, permutations, tile_size)
        self.tile_encoder = backbones.at_size(encoder, self.puzzle.tile_size)
        self.tile_features = self.puzzle.grid**2 * encoder.output_shape[-1]
        count = len(self.puzzle.permutations)
        self.head = head or heads.projection_head(self.tile_features, 1024, count, output_batch_norm=False)
        check_head("head", self.head, self.tile_features, count)

    def train_step(self, data):
        """Section 3 of the paper."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def forward(self, views, training):
        """Encodes the shuffled tiles of all images in one batch, and classifies their permutations."""
        tiles, labels = self.puzzle(views, self.draws(training=training))
        features = self.tile_encoder(tf.reshape(tiles, (-1, *tiles.shape[2:])), training=training)
        logits = self.head(tf.reshape(features, (-1, self.tile_features)), training=training)
        return softmax_cross_entropy(logits, labels), {"permutation_accuracy": positive_accuracy(logits, labels)}

    def questions(self, images):
        """What is asked about images, for `keras_ssl.plots.questions`: the tiles of a view of each.

        Args:
            images: array (n, height, width, channels), raw pixels in [0, 255].

        Returns:
            Dict of float32 arrays (n, …, channels): the tiles side by side, as they were cut and as they are shown to
            the encoder.
        """
        tiles, labels = self.puzzle(self.augment(images, training=False), self.draws(training=False))
        in_order = shuffle_tiles(tiles, tf.argsort(tf.gather(self.puzzle.permutations, labels)))
        return {"tiles": lay_tiles(in_order).numpy(), "shuffled": lay_tiles(tiles).numpy()}

    def get_config(self):
        """The constructor's arguments, with the permutations themselves: another version may choose others."""
        return {
            **super().get_config(),
            "grid": self.puzzle.grid,
            "permutations": self.puzzle.permutations.tolist(),
            "head": keras.saving.serialize_keras_object(self.head),
            "tile_size": self.puzzle.tile_size,
        }
