import keras
import numpy as np
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
    """One encoder trained on several tasks at once, some of which may have labels for a part of the images.

    Doersch and Zisserman 2017, "Multi-task Self-Supervised Visual Learning" (https://arxiv.org/abs/1708.07860): tasks
    that ask different things of an image make better features together. Each task has a head of its own on the
    encoder they share, and what is minimized is the weighted sum of their losses. The weights are given, or learned
    beside the network as each task's uncertainty (Kendall et al. 2018, https://arxiv.org/abs/1705.07115):
    `keras_ssl.losses.uncertainty_weighted`.

    Tasks without labels make their targets of the images themselves: `keras_ssl.tasks.Contrastive`, `Reconstruction`,
    `Rotation`, `Jigsaw`, `Colorization`, `Inpainting`. Others take them from the data: `Classification`,
    `BoundingBox`, `Segmentation`. Their targets come as `(images, {"task": target})`, by the tasks' names, and may be
    missing for any part of a batch, as each task says; so a little labelled data rides along with much unlabelled.
    Losses and metrics are means over what is labelled in the global batch.

    All tasks that look at the images as they are share one pass through the encoder; what is turned, cut into tiles
    or augmented has passes of its own. Random views are for `Contrastive`, and for tasks with `augmented=True`.

    Logged beside the loss, for each task by its name: `NAME_loss`, before any weight; `NAME_accuracy`, `NAME_iou` and
    so on, as the task says; and where weights are learned `NAME_weight`. What is measured on labels is averaged over
    all labels of an epoch.

    Args:
        encoder: a built `keras.Model` from images (batch, height, width, channels), raw pixels in [0, 255], to
            features (batch, features).
        tasks: dict of `keras_ssl.tasks.Task` by the names that they are to have.
        augmenter: a `keras_ssl.augment.Augmenter`, for tasks that look at random views. By default `augment.simclr`
            for the encoder's image size, and `augment.grayscale` for images that are not RGB.
        loss_weights: dict of non-negative floats by the tasks' names, 1 where there is none; or "uncertainty" to
            learn them. Defaults to None, 1 for all.
        seed: int. With the step and the view it determines every random draw of the training.

    Raises:
        ValueError: for no tasks or what is none, weights for tasks that are not there, an augmenter that no task
            looks through, or an encoder that does not suit a task. In fit: for targets that are missing, or of tasks
            that are not there, or of the wrong shape; and for values that cannot be targets, such as a box outside
            the image, in arrays before the training and in data sets after the first batch.

    Example, rotations of all images and the classes of some:

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

    def __init__(self, encoder, tasks, augmenter=None, *, loss_weights=None, seed=0, **kwargs):
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
                "No task looks at random views: leave the augmenter out, or give a task augmented=True. "
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

    def train_step(self, data):
        """Every task's loss, and one step down the gradient of their weighted sum."""
        images, targets = self.images(data), self.targets(data)
        views = self.views_of_tasks(images, training=True)
        with tf.GradientTape() as tape:
            losses, logs = self.task_losses(views, targets, training=True)
            loss, weights = self.weighted_sum(losses, targets)
        self.minimize(loss, tape)
        return self.report(loss, {**logs, **weights})

    def test_step(self, data):
        """The losses on held-out images, with views and other draws of a fixed seed, and no update."""
        views = self.views_of_tasks(self.images(data), training=False)
        targets = self.targets(data)
        losses, logs = self.task_losses(views, targets, training=False)
        loss, weights = self.weighted_sum(losses, targets)
        return self.report(loss, {**logs, **weights})

    @property
    def labelled_tasks(self):
        """The tasks that learn from labels, by name."""
        return {name: task for name, task in self.tasks.items() if isinstance(task, LabelledTask)}

    def targets(self, data):
        """The targets in what fit hands to `train_step`, a dict by the tasks' names: shapes are checked."""
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        targets = check_targets(self.tasks, labels, images.shape)
        for name, target in targets.items():
            self.tasks[name].record(target)
        return targets

    def views_of_tasks(self, images, training):
        """What tasks look at, by how many random views they ask for: none, the images as they are; one; or two."""
        views = {0: tf.cast(images, tf.float32)}
        if self.views:
            augmented = self.augment(images, training)
            views |= {1: tf.split(augmented, self.views)[0], self.views: augmented}
        return views

    def task_losses(self, views, targets, training):
        """Each task's loss by its name, and what is logged."""
        encoder = SharedPasses(self.encoder, self._with_feature_map)
        losses, logs = {}, {}
        for stream, (name, task) in enumerate(self.tasks.items()):
            target, draws = targets.get(name), self.draws(stream, training)
            losses[name], metrics = task.forward(encoder, views[task.views], target, draws, training)
            weight = task.labels_in_batch(target) if name in targets else None
            logs |= {f"{name}_{key}": (value, weight) for key, value in {"loss": losses[name], **metrics}.items()}
        return losses, logs

    def weighted_sum(self, losses, targets):
        """What is minimized, and the weights by their names where they are learned."""
        if self.loss_weights != UNCERTAINTY:
            return tf.add_n([self.loss_weights[name] * loss for name, loss in losses.items()]), {}
        known = [self.tasks[name].labels_in_batch(targets[name]) > 0 if name in targets else True for name in losses]
        log_variances = tf.convert_to_tensor(self.log_variances)
        weights = tf.unstack(tf.exp(-log_variances))
        return uncertainty_weighted(tf.stack(list(losses.values())), log_variances, tf.stack(known)), {
            f"{name}_weight": weight for name, weight in zip(losses, weights, strict=True)
        }

    def predict_task(self, name, images, batch_size=256):
        """What a task's head says of images, for tasks that learn from labels.

        Args:
            name: str, the task's name.
            images: array (n, height, width, channels), raw pixels in [0, 255].
            batch_size: positive int, images at a time.

        Returns:
            Float32 array: of `Classification` logits (n, classes), of `BoundingBox` boxes (n, 4), of `Segmentation`
            logits (n, height, width, classes).

        Raises:
            ValueError: for a task that is not there or learns without labels, or for images that are not what the
                encoder expects.
        """
        if name not in self.labelled_tasks:
            raise ValueError(
                "Tasks that learn from labels can be asked about images: of this model "
                f"{names(self.labelled_tasks) or 'none'}. Received: name={name!r}"
            )

        def of_batch(batch):
            encoder = SharedPasses(self.encoder, self._with_feature_map)
            return self.tasks[name].outputs(encoder, tf.cast(batch, tf.float32), training=False)

        return self.map_images(of_batch, images, batch_size)

    def usable_labels(self, labels, images_shape):
        """The targets that come with images in memory: shapes and values are checked before any training."""
        labels = {name: np.asarray(part) for name, part in labels.items()} if isinstance(labels, dict) else labels
        targets = check_targets(self.tasks, labels, images_shape)
        for name, target in targets.items():
            self.tasks[name].check_values(name, *map(float, self.tasks[name].value_range(target)))
        return targets or None

    def check_first_batch(self):
        """Pixels, and the values of targets."""
        super().check_first_batch()
        for name, task in self.labelled_tasks.items():
            task.check_recorded(name)

    def get_config(self):
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
            'tasks is a dict of tasks by their names, such as {"turn": keras_ssl.tasks.Rotation()}. '
            f"Received: tasks={tasks!r}"
        )
    for name, task in tasks.items():
        if not isinstance(name, str) or not isinstance(task, Task):
            raise ValueError(
                "Tasks have names, and are those of keras_ssl.tasks, created, or your own on keras_ssl.tasks.Task. "
                f"Received: {name!r}: {task!r}"
            )


def _weights_of_all(weights, tasks):
    """A weight for each task, 1 where there is none."""
    if not isinstance(weights, dict):
        raise ValueError(
            f'loss_weights is a dict of numbers by the names of tasks, or "{UNCERTAINTY}" to learn them. '
            f"Received: loss_weights={weights!r}"
        )
    for name, weight in weights.items():
        if name not in tasks:
            raise ValueError(
                f"There is a weight for {name!r}, and no such task; there are {names(tasks)}. "
                f"Received: loss_weights={weights!r}"
            )
        if not 0 <= weight < float("inf"):
            raise ValueError(f"The weight of {name!r} must not be negative. Received: loss_weights={weights!r}")
    return {name: float(weights.get(name, 1.0)) for name in tasks}
