from collections.abc import Iterable, Sequence
from typing import Any

import tensorflow as tf

from keras_ssl.tasks.labelled_task import LabelledTask
from keras_ssl.tasks.task import Task


def check_targets(tasks: dict[str, Task], labels: Any, images_shape: Sequence[int | None]) -> dict:
    """Checks that labels are targets of the tasks, for a batch of images or for all of them.

    Args:
        tasks: Dict of `keras_ssl.tasks.Task` by name.
        labels: Dict of arrays or tensors by the names of tasks. If no task needs labels, anything else is ignored, as
            by all methods.
        images_shape: Tuple `(batch, height, width, channels)`.

    Returns:
        `labels`, or an empty dict where they are ignored.

    Raises:
        ValueError: If the target of a task is missing, there is a target for no task or for one that makes its own,
            or a target does not fit the images.
    """
    needed = [name for name, task in tasks.items() if isinstance(task, LabelledTask)]
    if not isinstance(labels, dict):
        if not needed:
            return {}
        given = "no labels" if labels is None else f"labels of {type(labels)}, not by the names of tasks"
        raise _missing(tasks, needed[0], images_shape, given)
    given = f"labels for {names(labels) or 'no task'}"
    for name in labels:
        if name not in tasks:
            raise ValueError(f"There is no task {name!r}; the tasks are {names(tasks)}. Received: {given}")
        if name not in needed:
            raise ValueError(
                f"The task {name!r}, {type(tasks[name]).__name__}, makes its own targets from the images: leave them "
                f"out. Received: {given}"
            )
    for name in needed:
        if name not in labels:
            raise _missing(tasks, name, images_shape, given)
        tasks[name].check_target(name, labels[name].shape, tf.as_dtype(labels[name].dtype), images_shape)
    return labels


def names(tasks: Iterable[str]) -> str:
    """The names of tasks, for a message."""
    return ", ".join(map(repr, tasks))


def _missing(tasks, name, images_shape, given):
    shape = tf.TensorShape((images_shape[0], *tasks[name].target_shape(images_shape[1:])))
    return ValueError(
        f"The task {name!r}, {type(tasks[name]).__name__}, learns from targets of shape {shape}, some of which may "
        f"be marked as not known: give (images, {{{name!r}: targets}}). "
        f"Received: images of shape {tf.TensorShape(images_shape)} with {given}"
    )
