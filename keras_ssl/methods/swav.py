from typing import Any

import keras
import tensorflow as tf

from keras_ssl import heads, layers
from keras_ssl.augment import Augmenter, MultiCrop
from keras_ssl.checks.arguments import check_positive
from keras_ssl.layers.feature_queue import FeatureQueue
from keras_ssl.losses import embedding_spread, gather_views, sinkhorn, swapped_prediction
from keras_ssl.methods.multi_crop_mixin import MultiCropMixin
from keras_ssl.methods.projector_method import ProjectorMethod


@keras.saving.register_keras_serializable("keras_ssl")
class SwAV(MultiCropMixin, ProjectorMethod):
    """Predicts from each view the cluster of another view of the image, and learns the clusters at the same time.

    Caron et al. 2020, "Unsupervised Learning of Visual Features by Contrasting Cluster Assignments"
    (https://arxiv.org/abs/2006.09882), section 3 and appendix A: the scores are the cosines of a view's embedding and
    learned prototypes. `keras_ssl.losses.sinkhorn` assigns the large views of the batch evenly to the prototypes, and
    `keras_ssl.losses.swapped_prediction` predicts these assignments from every other view. Small crops
    (`augment.MultiCrop`) only predict and have no assignments. The loss is the mean over all pairs of a large view
    and another view.

    Prototypes have length 1, and are frozen for the first steps, because they can collapse otherwise. If a batch has
    too few images for an even assignment, a queue of past embeddings, once it is full, is assigned with it.

    Logged beside the loss: `prototype_entropy`, how evenly the views of the batch use the prototypes, from 0 (all
    views have the same nearest one) to 1 (all are used equally), and `embedding_spread`.

    Args:
        encoder: A built functional `keras.Model` from images `(batch, height, width, channels)`, raw pixels in
            [0, 255], to features `(batch, features)`, which also takes images of the small crops' size, such as a
            ResNet.
        projector: A `keras.Model` from features to embeddings. Defaults to `heads.projection_head` with one hidden
            layer of 2048 and 128 outputs, as in the paper (appendix A).
        augmenter: A `keras_ssl.augment.MultiCrop`, or an `Augmenter` for two large views. Defaults to two views of
            `augment.simclr` (`augment.grayscale` for images that are not RGB), without small crops.
        prototypes: Integer of at least 2. The number of prototypes. Defaults to `3000`, as in the paper for ImageNet:
            three times its number of classes.
        temperature: Positive float. Defaults to `0.1`, as in the paper.
        epsilon: Positive float. The smaller it is, the harder the assignments are. Defaults to `0.05`, as in the
            paper.
        iterations: Non-negative integer. Iterations of the Sinkhorn-Knopp algorithm. Defaults to `3`, as in the
            paper.
        frozen_steps: Non-negative integer. The steps in which the prototypes are frozen. Defaults to `313`, as in the
            paper's code.
        queue_size: Non-negative integer. Past embeddings of each large view that are assigned with the batch.
            Defaults to `0`, as in the paper for large batches. It has 3840 for small ones.
        seed: Integer. With the step and the view it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If the encoder is not such a model, the projector does not fit, there are fewer than 2 prototypes,
            or a number is out of its range. In `fit`, if a batch does not fit into the queue.

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
        encoder: keras.Model,
        projector: keras.Model | None = None,
        augmenter: Augmenter | MultiCrop | None = None,
        *,
        prototypes: int = 3000,
        temperature: float = 0.1,
        epsilon: float = 0.05,
        iterations: int = 3,
        frozen_steps: int = 313,
        queue_size: int = 0,
        seed: int = 0,
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
                "iterations, frozen_steps and queue_size must not be negative. "
                f"Received: iterations={iterations}, frozen_steps={frozen_steps}, queue_size={queue_size}"
            )
        self.iterations = int(iterations)
        self.frozen_steps = int(frozen_steps)
        self.queue_size = int(queue_size)
        self.queues = [FeatureQueue(queue_size, dim) for _ in range(self.large_views)] if queue_size else []

    @staticmethod
    def default_projector(features: int) -> keras.Model:
        """Appendix A of the paper."""
        return heads.projection_head(features, 2048, 128, output_batch_norm=False)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Algorithm 1 of the paper."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            embeddings = self.embed_crops(*views, training=True)
            loss, logs = self.compare(embeddings)
        self.minimize(loss, tape)
        for queue, view in zip(self.queues, embeddings, strict=False):
            queue.enqueue(view)
        return self.report(loss, logs)

    def forward(
        self, views: tuple[tf.Tensor, tf.Tensor | None], training: bool
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Embeds all views, and predicts their assignments from each other."""
        return self.compare(self.embed_crops(*views, training))

    def compare(self, embeddings: list[tf.Tensor]) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Predicts the assignments of each large view from every other view."""
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
        """The assignments of one large view, made with the global batch and the view's queue, once it is full."""
        all_scores, first_row = gather_views(scores)

        def with_rows(*more):
            rows = tf.concat([all_scores, *more], axis=0)
            return sinkhorn(scores, self.epsilon, self.iterations, global_views=(rows, first_row))

        if not self.queues:
            return with_rows()
        queue = self.queues[view]
        full = queue.enqueued >= queue.size
        return tf.cond(full, lambda: with_rows(self.prototypes(queue.features)), with_rows)

    def get_config(self) -> dict:
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
    """Entropy of how often each prototype is the nearest, divided by the largest possible, log(prototypes)."""
    shares = tf.reduce_mean(tf.one_hot(tf.argmax(scores, axis=1), prototypes), axis=0)
    entropy = -tf.reduce_sum(tf.math.xlogy(shares, shares))
    return entropy / tf.math.log(tf.cast(prototypes, tf.float32))
