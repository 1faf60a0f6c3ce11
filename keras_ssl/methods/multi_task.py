from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from keras_ssl import augment
from keras_ssl.backbones.feature_map import with_feature_map
from keras_ssl.losses import uncertainty_weighted
from keras_ssl.methods.base import SelfSupervisedModel
from keras_ssl.tasks import LabelledTask, Task
from keras_ssl.tasks.check_targets import check_targets, names
from keras_ssl.tasks.shared_passes import SharedPasses

UNCERTAINTY = "uncertainty"


@keras.saving.register_keras_serializable("keras_ssl")
class MultiTask(SelfSupervisedModel):
    """Trains one encoder on several tasks at once, some of which may have labels for a part of the images.

    Doersch and Zisserman 2017, "Multi-task Self-Supervised Visual Learning" (https://arxiv.org/abs/1708.07860): tasks
    that need different knowledge of an image make better features together. Each task has its own head on the shared
    encoder, and the loss is the weighted sum of their losses. The weights are given, or learned with the network as
    each task's uncertainty (Kendall et al. 2018, https://arxiv.org/abs/1705.07115):
    `keras_ssl.losses.uncertainty_weighted`.

    Tasks without labels make their targets from the images: `keras_ssl.tasks.Contrastive`, `Reconstruction`,
    `Rotation`, `TileOrder`, `Colors`, `MissingBlock`. Others take them from the data: `Classification`,
    `BoundingBox`, `Segmentation`. Their targets come as `(images, {"task": target})`, by the tasks' names, and may be
    missing for any part of a batch; each task documents how to mark that. So few labelled images can be mixed with
    many unlabelled ones. Losses and metrics are means over the labels of the global batch.

    All tasks that take the images as they are share one pass through the encoder. Rotated images, tiles and random
    views have their own passes. Random views are for `Contrastive`, and for tasks with `augmented=True`.

    Logged beside the loss, for each task by its name: `NAME_loss`, without its weight; the task's metrics, such as
    `NAME_accuracy` or `NAME_iou`; and `NAME_weight` if weights are learned. Numbers about labels are averaged over
    all labels of an epoch.

    Args:
        encoder: A built `keras.Model` from images `(batch, height, width, channels)`, raw pixels in [0, 255], to
            features `(batch, features)`.
        tasks: Dict of `keras_ssl.tasks.Task`, by names of your choice.
        augmenter: A `keras_ssl.augment.Augmenter`, for tasks that take random views. Defaults to `augment.simclr` for
            the encoder's image size, or `augment.grayscale` for images that are not RGB.
        loss_weights: Dict of non-negative floats by the tasks' names, 1 for names that are not in it; or
            `"uncertainty"` to learn them. Defaults to `None`, 1 for all.
        seed: Integer. With the step and the view it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If there are no tasks, `loss_weights` names a task that does not exist, there is an augmenter but
            no task takes random views, or the encoder does not suit a task. In `fit`, if targets are missing, belong
            to no task or have the wrong shape; or if their values are not possible, such as a box outside the image.
            Values are checked in arrays before the training, and in data sets after the first batch.

    Example, with rotations of all images and the classes of some:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> labels = np.where(np.arange(64) < 8, np.random.randint(0, 5, 64), -1)
    >>> tasks = {"turn": keras_ssl.tasks.Rotation(), "kind": keras_ssl.tasks.Classification(5)}
    >>> encoder = keras_ssl.backbones.small_cnn((32, 32, 3))
    >>> model = keras_ssl.MultiTask(encoder, tasks, loss_weights={"kind": 0.5})
    >>> model.compile("adam")
    >>> history = model.fit(images, {"kind": labels}, batch_size=32, verbose=0)
    >>> sorted(history.history)
    ['kind_accuracy', 'kind_loss', 'loss', 'turn_accuracy', 'turn_loss']
    """

    def __init__(
        self,
        encoder: keras.Model,
        tasks: dict[str, Task],
        augmenter: augment.Augmenter | None = None,
        *,
        loss_weights: dict[str, float] | str | None = None,
        seed: int = 0,
        **kwargs,
    ):
        _check_tasks(tasks)
        learned = loss_weights == UNCERTAINTY
        self.views = max(task.views for task in tasks.values())
        self.minimum_batch = max(task.minimum_batch for task in tasks.values())
        self.encodes_whole_images = all(task.encodes_whole_images for task in tasks.values())
        self.logged = tuple(
            f"{name}_{quantity}"
            for name, task in tasks.items()
            for quantity in ("loss", *task.logged, *(("weight",) if learned else ()))
        )
        self.states = tuple(f"{name}_weight" for name in tasks) if learned else ()
        if augmenter is not None and not self.views:
            raise ValueError(
                "No task takes random views: leave the augmenter out, or give a task augmented=True. "
                f"Received: augmenter={augmenter!r} with the tasks {', '.join(map(repr, tasks))}"
            )
        if augmenter is None and self.views:
            augmenter = augment.for_images(encoder.input_shape[1:])
        super().__init__(encoder, augmenter, seed=seed, **kwargs)
        for task in tasks.values():
            task.attach(encoder)
        self.tasks = dict(tasks)
        self.loss_weights = loss_weights if learned else _weights_of_all(loss_weights or {}, tasks)
        if learned:
            self.log_variances = self.add_weight(name="log_variances", shape=(len(tasks),), initializer="zeros")
        reads_map = any(task.reads_feature_map for task in tasks.values())
        self._with_feature_map = with_feature_map(encoder, "A task reads") if reads_map else None

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Computes each task's loss, and takes one step down the gradient of their weighted sum."""
        images, targets = self.images(data), self.targets(data)
        views = self.views_of_tasks(images, training=True)
        with tf.GradientTape() as tape:
            losses, logs = self.task_losses(views, targets, training=True)
            loss, weights = self.weighted_sum(losses, targets)
        self.minimize(loss, tape)
        return self.report(loss, {**logs, **weights})

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """The losses on held-out images, with views and other draws of a fixed seed, and no update."""
        views = self.views_of_tasks(self.images(data), training=False)
        targets = self.targets(data)
        losses, logs = self.task_losses(views, targets, training=False)
        loss, weights = self.weighted_sum(losses, targets)
        return self.report(loss, {**logs, **weights})

    @property
    def labelled_tasks(self) -> dict[str, LabelledTask]:
        """The tasks that learn from labels, by name."""
        return {name: task for name, task in self.tasks.items() if isinstance(task, LabelledTask)}

    def targets(self, data: Any) -> dict[str, tf.Tensor]:
        """Takes the targets, a dict by the tasks' names, out of the data of a step, and checks their shapes."""
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        targets = check_targets(self.tasks, labels, images.shape)
        for name, target in targets.items():
            self.tasks[name].record(target)
        return targets

    def views_of_tasks(self, images: tf.Tensor, training: bool) -> dict[int, tf.Tensor]:
        """The images for the tasks, by their number of random views: 0, the images as they are; 1; or 2."""
        views = {0: tf.cast(images, tf.float32)}
        if self.views:
            augmented = self.augment(images, training)
            views |= {1: tf.split(augmented, self.views)[0], self.views: augmented}
        return views

    def task_losses(
        self, views: dict[int, tf.Tensor], targets: dict[str, tf.Tensor], training: bool
    ) -> tuple[dict[str, tf.Tensor], dict]:
        """The loss of each task by its name, and the metrics."""
        encoder = SharedPasses(self.encoder, self._with_feature_map)
        losses, logs = {}, {}
        for stream, (name, task) in enumerate(self.tasks.items()):
            target, draws = targets.get(name), self.draws(stream, training)
            losses[name], metrics = task.forward(encoder, views[task.views], target, draws, training)
            weight = task.labels_in_batch(target) if name in targets else None
            logs |= {f"{name}_{key}": (value, weight) for key, value in {"loss": losses[name], **metrics}.items()}
        return losses, logs

    def weighted_sum(
        self, losses: dict[str, tf.Tensor], targets: dict[str, tf.Tensor]
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The loss to minimize, and the weights by their names if they are learned."""
        if self.loss_weights != UNCERTAINTY:
            return tf.add_n([self.loss_weights[name] * loss for name, loss in losses.items()]), {}
        known = [self.tasks[name].labels_in_batch(targets[name]) > 0 if name in targets else True for name in losses]
        log_variances = tf.convert_to_tensor(self.log_variances)
        weights = tf.unstack(tf.exp(-log_variances))
        return uncertainty_weighted(tf.stack(list(losses.values())), log_variances, tf.stack(known)), {
            f"{name}_weight": weight for name, weight in zip(losses, weights, strict=True)
        }

    def predict_task(self, name: str, images: npt.ArrayLike, batch_size: int = 256) -> np.ndarray:
        """Predicts a task's targets for images, if the task learns from labels.

        Args:
            name: String. The task's name.
            images: Array of shape `(n, height, width, channels)`, raw pixels in [0, 255].
            batch_size: Positive integer. Images at a time. Defaults to `256`.

        Returns:
            Float32 array: logits `(n, classes)` of `Classification`, boxes `(n, 4)` of `BoundingBox`, logits
            `(n, height, width, classes)` of `Segmentation`.

        Raises:
            ValueError: If there is no such task or it learns without labels, or the images are not what the encoder
                expects.
        """
        if name not in self.labelled_tasks:
            raise ValueError(
                "Only tasks that learn from labels predict targets: in this model "
                f"{names(self.labelled_tasks) or 'none'}. Received: name={name!r}"
            )

        def of_batch(batch):
            encoder = SharedPasses(self.encoder, self._with_feature_map)
            return self.tasks[name].outputs(encoder, tf.cast(batch, tf.float32), training=False)

        return self.map_images(of_batch, images, batch_size)

    def usable_labels(self, labels: Any, images_shape: Sequence[int]) -> dict | None:
        """Checks the shapes and values of the targets of arrays, before any training."""
        labels = {name: np.asarray(part) for name, part in labels.items()} if isinstance(labels, dict) else labels
        targets = check_targets(self.tasks, labels, images_shape)
        for name, target in targets.items():
            self.tasks[name].check_values(name, *map(float, self.tasks[name].value_range(target)))
        return targets or None

    def check_first_batch(self) -> None:
        """Checks the pixels and the values of targets."""
        super().check_first_batch()
        for name, task in self.labelled_tasks.items():
            task.check_recorded(name)

    def get_config(self) -> dict:
        """The constructor's arguments."""
        learned = self.loss_weights == UNCERTAINTY
        return {
            **super().get_config(),
            "tasks": {name: keras.saving.serialize_keras_object(task) for name, task in self.tasks.items()},
            "loss_weights": UNCERTAINTY if learned else dict(self.loss_weights),
        }


def _check_tasks(tasks):
    if not isinstance(tasks, dict) or not tasks:
        raise ValueError(
            'tasks must be a dict of tasks by their names, such as {"turn": keras_ssl.tasks.Rotation()}. '
            f"Received: tasks={tasks!r}"
        )
    for name, task in tasks.items():
        if not isinstance(name, str) or not isinstance(task, Task):
            raise ValueError(
                "Each task must have a name and be an object, not a class: keras_ssl.tasks.Rotation() or your own. "
                f"Received: {name!r}: {task!r}"
            )


def _weights_of_all(weights, tasks):
    """A weight for each task, 1 by default."""
    if not isinstance(weights, dict):
        raise ValueError(
            f'loss_weights must be a dict of numbers by the names of tasks, or "{UNCERTAINTY}" to learn them. '
            f"Received: loss_weights={weights!r}"
        )
    for name, weight in weights.items():
        if name not in tasks:
            raise ValueError(
                f"There is a weight for {name!r}, but no such task; the tasks are {names(tasks)}. "
                f"Received: loss_weights={weights!r}"
            )
        if not 0 <= weight < float("inf"):
            raise ValueError(
                f"The weight of {name!r} must be finite and not negative. Received: loss_weights={weights!r}"
            )
    return {name: float(weights.get(name, 1.0)) for name in tasks}
