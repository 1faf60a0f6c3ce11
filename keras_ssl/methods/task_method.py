import keras
import tensorflow as tf

from keras_ssl.augment import Augmenter
from keras_ssl.methods.base import SelfSupervisedModel
from keras_ssl.tasks import Task


class TaskMethod(SelfSupervisedModel):
    """Base class of methods that train an encoder on one task of `keras_ssl.tasks`.

    The task defines what is done to the images, the head, the loss and the metrics. A method creates its task in
    `__init__`, names the task's metrics in `logged`, in the same order, and writes its paper's step in `train_step`.

    Args:
        encoder: As for `SelfSupervisedModel`.
        task: A `keras_ssl.tasks.Task` without labels, which has no encoder yet.
        augmenter: As for `SelfSupervisedModel`.
        seed: Integer. As for `SelfSupervisedModel`.
    """

    def __init__(
        self, encoder: keras.Model, task: Task, augmenter: Augmenter | None = None, *, seed: int = 0, **kwargs
    ):
        super().__init__(encoder, augmenter, seed=seed, **kwargs)
        task.attach(encoder)
        self.task = task
        self.encodes_whole_images = task.encodes_whole_images

    def forward(self, views: tf.Tensor, training: bool) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The loss and the metrics of the task, under the method's names."""
        loss, metrics = self.task.forward(self.encoder, views, None, self.draws(training=training), training)
        return loss, {name: metrics[own] for name, own in zip(self.logged, self.task.logged, strict=True)}

    def get_config(self) -> dict:
        """The constructor's arguments, those of the task included."""
        of_every_task = Task.get_config(self.task)
        arguments = {name: value for name, value in self.task.get_config().items() if name not in of_every_task}
        return {**super().get_config(), **arguments}
