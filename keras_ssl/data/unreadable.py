import re

import tensorflow as tf


def why_unreadable(path, read):
    """Say in words why a file cannot be read.

    Args:
        path: Path of the file, as bytes or string.
        read: Takes a path as a string tensor; raises `tf.errors.OpError` if it cannot read the file.

    Returns:
        A string.
    """
    try:
        read(tf.constant(path))
    except tf.errors.OpError as error:
        words = " ".join(error.message.split())
        # Around them stand the name of a node, before and behind, or what an eager assertion prints.
        return re.sub(r"\{\{.*?\}\} ?| ?\[Op:\w+\].*|Expected .* Summarized data: |b'(.*?)'", r"\1", words).rstrip(
            "."
        )
    return "it can be read now, but could not a moment ago"


def raise_on_gap(dataset, paths, read, count):
    """Turn elements that `ignore_errors` left out into an error that names the file.

    An error within a pipeline does not know which file it is about, and TensorFlow has no operation that catches
    one. What it has is leaving the element out: so elements carry their position and the file that follows, and
    where a position is missing, the element before it has said which file that was. One element more than wanted
    must lead, and one must follow.

    Args:
        dataset: Data set of `(position, following, element)`: the position in this epoch, the index of the file
            after it, and what the data set is about.
        paths: String tensor (files,).
        read: As in `why_unreadable`, to find out what is wrong.
        count: Number of elements wanted.

    Returns:
        A data set of `count` elements `element`.
    """

    def explain(path):
        path = path.numpy()
        return (
            f"Cannot read the image {path.decode(errors='replace')} ({why_unreadable(path, read)}). Delete or "
            "replace the file, or set on_error to skip."
        )

    def fail(missing):
        message = tf.py_function(explain, [paths[missing]], tf.string)
        with tf.control_dependencies([tf.debugging.Assert(False, [message])]):
            return tf.constant(False)

    def check(expected, arrived):
        expected_position, expected_file = expected
        position, following, element = arrived
        present = tf.cond(position == expected_position, lambda: tf.constant(True), lambda: fail(expected_file))
        with tf.control_dependencies([present]):
            return (position + 1, following), tf.nest.map_structure(tf.identity, element)

    start = (tf.constant(0, tf.int64), tf.constant(-1, tf.int64))
    return dataset.scan(start, check).skip(1).take(count)


def find_unreadable(paths, read):
    """Try all files, and say what is wrong with those that cannot be read.

    Args:
        paths: String tensor (files,).
        read: As in `why_unreadable`.

    Returns:
        Dict from the index of a file that cannot be read to the reason.
    """

    def try_one(index, path):
        with tf.control_dependencies([read(path)]):
            return tf.identity(index)

    files = tf.data.Dataset.from_tensor_slices(paths).enumerate()
    readable = files.map(try_one, num_parallel_calls=tf.data.AUTOTUNE).ignore_errors()
    bad = set(range(len(paths)))
    for indices in readable.batch(1024).as_numpy_iterator():
        bad.difference_update(indices.tolist())
    return {index: why_unreadable(paths[index].numpy(), read) for index in sorted(bad)}
