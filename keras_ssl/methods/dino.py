from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_ssl import distribute, heads, layers
from keras_ssl.augment import Augmenter, MultiCrop
from keras_ssl.checks.arguments import check_positive
from keras_ssl.losses import dino, embedding_spread, gather_views
from keras_ssl.methods.momentum_method import MomentumMethod, momentum_copy, momentum_update
from keras_ssl.methods.multi_crop_mixin import MultiCropMixin

CENTER_MOMENTUM = 0.9  # equation 4 of the paper, and its code


@keras.saving.register_keras_serializable("keras_ssl")
class DINO(MultiCropMixin, MomentumMethod):
    """Predicts the momentum encoder's outputs for the large views of an image from all its views.

    Caron et al. 2021, "Emerging Properties in Self-Supervised Vision Transformers"
    (https://arxiv.org/abs/2104.14294), algorithm 1: both networks end in a softmax over prototypes. The student sees
    all crops. The teacher, which is the momentum encoder, sees the large ones, and `keras_ssl.losses.dino` compares
    each of the teacher's views with every other view of the student. The teacher's logits are centered, by a moving
    average over the batches, and sharpened, by a low temperature. Both together prevent a collapse. The last layer
    has normalized columns, and is frozen for the first steps.

    Logged beside the loss: `teacher_entropy`, from 0 (the teacher is certain) to 1 (all prototypes have the same
    probability, a collapse); `embedding_spread` of the student's bottleneck, 0 after the other kind of collapse; and
    `momentum`.

    Args:
        encoder: A built functional `keras.Model` from images `(batch, height, width, channels)`, raw pixels in
            [0, 255], to features `(batch, features)`, which also takes images of the small crops' size: a ResNet, or
            a `backbones.vit` whose patches divide both.
        projector: A `keras.Model` from features to a bottleneck. Defaults to `heads.distillation_head`: three layers,
            2048 hidden units and 256 outputs of length 1, as in the paper (appendix C).
        augmenter: A `keras_ssl.augment.MultiCrop`, or an `Augmenter` for two large views. Defaults to two views of
            `augment.simclr` (`augment.grayscale` for images that are not RGB), without small crops.
        prototypes: Integer of at least 2. The dimensions of the softmax. Defaults to `65536`, as in the paper for
            ImageNet.
        momentum: Float in [0, 1], or a schedule of the step, such as the paper's `CosineMomentum` from 0.996 to 1.
            Defaults to `0.996` throughout.
        student_temperature: Positive float. Defaults to `0.1`, as in the paper.
        teacher_temperature: Positive float, below the student's. Defaults to `0.04`, as in the paper, which has up to
            0.07 with a warm-up.
        warmup_temperature: Positive float. The teacher's temperature at the start of the warm-up. Defaults to `0.04`.
        warmup_steps: Non-negative integer. The steps in which the teacher's temperature rises from there. Defaults to
            `0`, no warm-up.
        frozen_steps: Non-negative integer. The steps in which the last layer is frozen, in the paper the first epoch.
            Defaults to `1000`.
        seed: Integer. With the step and the view it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If the encoder is not such a model, the projector does not fit, there are fewer than 2 prototypes,
            or a number is out of its range.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> crops = keras_ssl.augment.MultiCrop(
    ...     keras_ssl.augment.simclr(32, scale=(0.3, 1.0)), keras_ssl.augment.simclr(16, scale=(0.05, 0.3))
    ... )
    >>> encoder = keras_ssl.backbones.vit((32, 32, 3), patch_size=8, size="tiny", depth=2, pooling="cls")
    >>> model = keras_ssl.DINO(encoder, augmenter=crops, prototypes=512)
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    logged = ("teacher_entropy", "embedding_spread", "momentum")
    minimum_batch = 1

    def __init__(
        self,
        encoder: keras.Model,
        projector: keras.Model | None = None,
        augmenter: Augmenter | MultiCrop | None = None,
        *,
        prototypes: int = 65536,
        momentum: float | Callable = 0.996,
        student_temperature: float = 0.1,
        teacher_temperature: float = 0.04,
        warmup_temperature: float = 0.04,
        warmup_steps: int = 0,
        frozen_steps: int = 1000,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(encoder, projector, augmenter, momentum=momentum, seed=seed, **kwargs)
        if not prototypes >= 2:
            raise ValueError(f"prototypes must be at least 2. Received: prototypes={prototypes}")
        self.student_temperature = check_positive("student_temperature", student_temperature)
        self.teacher_temperature = check_positive("teacher_temperature", teacher_temperature)
        self.warmup_temperature = check_positive("warmup_temperature", warmup_temperature)
        if warmup_steps < 0 or frozen_steps < 0:
            raise ValueError(
                "warmup_steps and frozen_steps must not be negative. "
                f"Received: warmup_steps={warmup_steps}, frozen_steps={frozen_steps}"
            )
        self.warmup_steps = int(warmup_steps)
        self.frozen_steps = int(frozen_steps)
        self.last_layer = layers.WeightNormDense(prototypes, name="last_layer")
        self.last_layer.build((None, self.projector.output_shape[-1]))
        self.target_last_layer = momentum_copy(self.last_layer)
        self.center = self.add_weight(
            name="center",
            shape=(prototypes,),
            initializer="zeros",
            trainable=False,
            autocast=False,
            aggregation="only_first_replica",
        )

    @staticmethod
    def default_projector(features: int) -> keras.Model:
        """Appendix C of the paper."""
        return heads.distillation_head(features)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Algorithm 1 of the paper."""
        views = self.augment(self.images(data))
        targets = self.teach(views, training=True)
        with tf.GradientTape() as tape:
            loss, logs = self.compare(views, targets, training=True)
        self.minimize(loss, tape)
        self.update_target()
        self.update_center(targets)
        return self.report(loss, logs)

    def forward(
        self, views: tuple[tf.Tensor, tf.Tensor | None], training: bool
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Runs the teacher on the large views and the student on all, and compares them."""
        return self.compare(views, self.teach(views, training), training)

    def teach(self, views: tuple[tf.Tensor, tf.Tensor | None], training: bool) -> list[tf.Tensor]:
        """The teacher's logits, a tensor of shape `(batch, prototypes)` for each large view."""
        large, _ = views
        return tf.split(self.target_last_layer(self.embed_target(large, training)), self.large_views)

    def compare(
        self, views: tuple[tf.Tensor, tf.Tensor | None], targets: list[tf.Tensor], training: bool
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Compares each view of the teacher with every other view of the student."""
        embeddings = self.embed_crops(*views, training)
        learned = [self.last_layer(view, frozen=self.step < self.frozen_steps) for view in embeddings]
        temperature = self.current_teacher_temperature()
        losses = [
            dino(student, teacher, self.center, self.student_temperature, temperature)
            for place, teacher in enumerate(targets)
            for other, student in enumerate(learned)
            if other != place
        ]
        return tf.add_n(losses) / len(losses), {
            "teacher_entropy": _entropy((tf.concat(targets, axis=0) - self.center) / temperature),
            "embedding_spread": embedding_spread(gather_views(tf.concat(embeddings[: self.large_views], 0))[0]),
            "momentum": self.current_momentum(),
        }

    def update_target(self) -> None:
        """Updates the teacher, its last layer included, from the student."""
        super().update_target()
        momentum_update(self.last_layer, self.target_last_layer, self.current_momentum())

    def update_center(self, targets: list[tf.Tensor]) -> None:
        """Moves the center towards the mean of the teacher's logits over the global batch (equation 4)."""
        mean = tf.reduce_mean(tf.concat(targets, axis=0), axis=0)
        mean = distribute.mean(mean, distribute.share(tf.shape(targets[0])[0]))
        distribute.assign(self.center, CENTER_MOMENTUM * self.center + (1.0 - CENTER_MOMENTUM) * mean)

    def current_teacher_temperature(self) -> float | tf.Tensor:
        """The teacher's temperature at this step; it rises linearly over `warmup_steps`."""
        if not self.warmup_steps:
            return self.teacher_temperature
        progress = tf.minimum(tf.cast(self.step, tf.float32) / self.warmup_steps, 1.0)
        return self.warmup_temperature + (self.teacher_temperature - self.warmup_temperature) * progress

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "prototypes": self.last_layer.units,
            "student_temperature": self.student_temperature,
            "teacher_temperature": self.teacher_temperature,
            "warmup_temperature": self.warmup_temperature,
            "warmup_steps": self.warmup_steps,
            "frozen_steps": self.frozen_steps,
        }


def _entropy(logits):
    """Mean entropy of the softmax of each row, as a share of the highest possible, log(dimensions)."""
    shares = tf.nn.softmax(logits)
    entropies = -tf.reduce_sum(shares * tf.nn.log_softmax(logits), axis=-1)
    return tf.reduce_mean(entropies) / tf.math.log(tf.cast(tf.shape(logits)[1], tf.float32))
