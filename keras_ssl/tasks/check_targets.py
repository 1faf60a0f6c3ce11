import tensorflow as tf

from keras_ssl.tasks.labelled_task import LabelledTask


def check_targets(tasks, labels, images_shape):
    """The targets among the labels of a batch of images, or of all of them.

    Args:
        tasks: dict of `keras_ssl.tasks.Task` by name.
        labels: dict of arrays or tensors by the names of tasks. Where no task needs labels, anything else is ignored,
            as by all methods.
        images_shape: (batch, height, width, channels).

    Returns:
        `labels`, or an empty dict where they are ignored.

    Raises:
        ValueError: when a task misses its target, or is none, or makes its targets itself, or when a target does not
            belong to such images.
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
                f"The task {name!r}, {type(tasks[name]).__name__}, makes its own targets of the images: leave them "
                f"out. Received: {given}"
            )
    for name in needed:
        if name not in labels:
            raise _missing(tasks, name, images_shape, given)
        tasks[name].check_target(name, labels[name].shape, tf.as_dtype(labels[name].dtype), images_shape)
    return labels


def names(tasks):
    """The names of tasks for a message."""
    return ", ".join(map(repr, tasks))


def _missing(tasks, name, images_shape, given):
    shape = tf.TensorShape((images_shape[0], *tasks[name].target_shape(images_shape[1:])))
    return ValueError(
        f"The task {name!r}, {type(tasks[name]).__name__}, learns from targets of shape {shape}, some of which may "
        f"be marked as not known: give (images, {{{name!r}: targets}}). "
        f"Received: images of shape {tf.TensorShape(images_shape)} with {given}"
    )
