import keras
import tensorflow as tf

from keras_ssl import heads, layers
from keras_ssl.checks.arguments import check_positive
from keras_ssl.layers.feature_queue import FeatureQueue
from keras_ssl.losses import embedding_spread, gather_views, sinkhorn, swapped_prediction
from keras_ssl.methods.multi_crop_mixin import MultiCropMixin
from keras_ssl.methods.projector_method import ProjectorMethod


@keras.saving.register_keras_serializable("keras_ssl")
class SwAV(MultiCropMixin, ProjectorMethod):
    """Clusters images while it learns: each view predicts the cluster that another view of its image belongs to.

    Caron et al. 2020, "Unsupervised Learning of Visual Features by Contrasting Cluster Assignments"
    (https://arxiv.org/abs/2006.09882), section 3 and appendix A: scores are the cosines of a view's embedding with
    learned prototypes; `keras_ssl.losses.sinkhorn` shares the prototypes out evenly among the batch, and
    `keras_ssl.losses.swapped_prediction` makes every view predict what the large views were assigned. Small crops
    (`augment.MultiCrop`) predict and are never assigned. The loss is the mean over all pairs of an assigned view and
    another.

    Prototypes stay at length 1 and, for the first steps, where they start: moved at once, they can collapse. Where a
    batch has too few images to share the prototypes out among, a queue of past embeddings joins in, from when it is
    full.

    Logged beside the loss: `prototype_entropy`, how evenly the prototypes are the nearest of the batch's views, from
    0 (all views have one) to 1 (all are used alike), and `embedding_spread`.

    Args:
        encoder: a built functional `keras.Model` from images (batch, height, width, channels), raw pixels in
            [0, 255], to features (batch, features), and of images of the small crops' size too: such as a ResNet.
        projector: a `keras.Model` from features to embeddings. By default `heads.projection_head` with one
            hidden layer of 2048 and 128 outputs, as in the paper (appendix A).
        augmenter: a `keras_ssl.augment.MultiCrop`, or an `Augmenter` for two large views. By default
            `augment.simclr` (`augment.grayscale` for images that are not RGB) twice, without small crops.
        prototypes: int of at least 2; 3000 as in the paper for ImageNet, some times more than there are classes.
        temperature: positive float; 0.1 as in the paper.
        epsilon: positive float, of the assignments: the smaller, the harder; 0.05 as in the paper.
        iterations: int of at least 0, of the Sinkhorn-Knopp algorithm; 3 as in the paper.
        frozen_steps: int, for how many steps the prototypes stay; 313 as in the paper's code.
        queue_size: int, past embeddings of each large view that are assigned with the batch; 0, none, as in the paper
            for large batches, which has 3840 for small ones.
        seed: int. With the step and the view it determines every random draw of the training.

    Raises:
        ValueError: for an encoder that is not such a model, a projector that does not fit it, fewer than 2
            prototypes, a number out of its range, or, in fit, a batch that does not fit into the queue.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> crops = keras_ssl.augment.MultiCrop(
    ...     keras_ssl.augment.simclr(32, scale=(0.3, 1.0)), keras_ssl.augment.simclr(16, scale=(0.05, 0.3))
    ... )
    >>> model = keras_ssl.SwAV(keras_ssl.backbones.small_cnn((32, 32, 3)), augmenter=crops, prototypes=30)
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    logged = ("prototype_entropy", "embedding_spread")

    def __init__(
        self,
        encoder,
        projector=None,
        augmenter=None,
        *,
        prototypes=3000,
        temperature=0.1,
        epsilon=0.05,
        iterations=3,
        frozen_steps=313,
        queue_size=0,
        seed=0,
        **kwargs,
    ):
        super().__init__(encoder, projector, augmenter, seed=seed, **kwargs)
        dim = self.projector.output_shape[-1]
        self.prototypes = layers.Prototypes(prototypes, name="prototypes")
        self.prototypes.build((None, dim))
        self.temperature = check_positive("temperature", temperature)
        self.epsilon = check_positive("epsilon", epsilon)
        if iterations < 0 or frozen_steps < 0 or queue_size < 0:
            raise ValueError(
                "iterations, frozen_steps and queue_size are at least 0. "
                f"Received: iterations={iterations}, frozen_steps={frozen_steps}, queue_size={queue_size}"
            )
        self.iterations = int(iterations)
        self.frozen_steps = int(frozen_steps)
        self.queue_size = int(queue_size)
        self.queues = [FeatureQueue(queue_size, dim) for _ in range(self.large_views)] if queue_size else []

    @staticmethod
    def default_projector(features):
        """Appendix A of the paper."""
        return heads.projection_head(features, 2048, 128, output_batch_norm=False)

    def train_step(self, data):
        """Algorithm 1 of the paper."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            embeddings = self.embed_crops(*views, training=True)
            loss, logs = self.compare(embeddings)
        self.minimize(loss, tape)
        for queue, view in zip(self.queues, embeddings, strict=False):
            queue.enqueue(view)
        return self.report(loss, logs)

    def forward(self, views, training):
        """Embeds all views, and compares their clusters."""
        return self.compare(self.embed_crops(*views, training))

    def compare(self, embeddings):
        """Every view predicts the assignments of every large view but itself."""
        scores = [self.prototypes(view, frozen=self.step < self.frozen_steps) for view in embeddings]
        assigned = range(self.large_views)
        assignments = {view: self._assign(scores[view], view) for view in assigned}
        losses = [
            swapped_prediction(scores[other], assignments[view], self.temperature)
            for view in assigned
            for other in range(len(scores))
            if other != view
        ]
        large = tf.concat(scores[: self.large_views], axis=0)
        return tf.add_n(losses) / len(losses), {
            "prototype_entropy": _usage_entropy(gather_views(large)[0], self.prototypes.units),
            "embedding_spread": embedding_spread(gather_views(tf.concat(embeddings[: self.large_views], 0))[0]),
        }

    def _assign(self, scores, view):
        """The assignments of one large view, among the global batch and the view's queue once that is full."""
        all_scores, first_row = gather_views(scores)

        def with_rows(*more):
            rows = tf.concat([all_scores, *more], axis=0)
            return sinkhorn(scores, self.epsilon, self.iterations, global_views=(rows, first_row))

        if not self.queues:
            return with_rows()
        queue = self.queues[view]
        full = queue.enqueued >= queue.size
        return tf.cond(full, lambda: with_rows(self.prototypes(queue.features)), with_rows)

    def get_config(self):
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "prototypes": self.prototypes.units,
            "temperature": self.temperature,
            "epsilon": self.epsilon,
            "iterations": self.iterations,
            "frozen_steps": self.frozen_steps,
            "queue_size": self.queue_size,
        }


def _usage_entropy(scores, prototypes):
    """Entropy of how often each prototype is the nearest, as a share of the highest possible, log(prototypes)."""
    shares = tf.reduce_mean(tf.one_hot(tf.argmax(scores, axis=1), prototypes), axis=0)
    entropy = -tf.reduce_sum(tf.math.xlogy(shares, shares))
    return entropy / tf.math.log(tf.cast(prototypes, tf.float32))
