import os
import re
from collections.abc import Callable
from typing import Any

import tensorflow as tf

#: Number of files between two progress reports.
TRIED_AT_ONCE = 64


def why_unreadable(path: str | bytes, read: Callable[[tf.Tensor], Any]) -> str:
    """Explain in words why a file cannot be read.

    Args:
        path: Path of the file.
        read: Function of a path, as a string tensor, that raises `tf.errors.OpError` if it cannot read the file.
    """
    try:
        read(tf.constant(path))
    except tf.errors.OpError as error:
        # In a graph, indented lines come first, which say where it was traced.
        words = " ".join(re.sub(r"(?s)^Graph execution error:.*\n +File [^\n]*\n", "", error.message).split())
        # Then remove the name of a node before and after the message, and the text that an assertion adds.
        words = re.sub(r"assertion failed: \[(.*)\] \[\[", r"\1 [[", words)
        around = r"\{\{.*?\}\} ?| ?\[\[.*?\]\]| ?\[Op:\w+\].*|Expected .* Summarized data: |b'(.*?)'"
        return re.sub(around, r"\1", words).rstrip(".")
    return "it can be read now, but could not a moment ago"


def batch_or_raise(
    elements: tf.data.Dataset,
    file_at: Callable[[int, int], str],
    read: Callable[[tf.Tensor], Any],
    count: int,
    batch_size: int,
) -> tf.data.Dataset:
    """Batch a data set, and raise an error that names the first file that cannot be read.

    An error in a pipeline does not say which file caused it, and TensorFlow has no operation that catches errors. But
    `ignore_errors` leaves out the element. So elements carry a number, and each batch is checked for missing ones,
    which takes no measurable time while all files are good.

    Args:
        elements: Data set of `(number, element)`, where `number` is `epoch * count + position`, an int64 tensor.
        file_at: Function of the epoch, -1 for the newest, and the position, both integers, that returns the path of
            the file there.
        read: See `why_unreadable`. Used to find the reason.
        count: Integer. Number of elements, if none is missing.
        batch_size: Positive integer.

    Returns:
        Data set of batches of `element`.
    """

    def explain(epoch, position):
        path = os.fsencode(file_at(int(epoch), int(position)))
        return (
            f"Cannot read the image {path.decode(errors='replace')} ({why_unreadable(path, read)}). Delete or "
            "replace the file, or leave out such files: --on-error skip, in Python on_error='skip'."
        )

    def fail(epoch, position):
        message = tf.py_function(explain, [epoch, position], tf.string)
        with tf.control_dependencies([tf.debugging.Assert(False, [message])]):
            return tf.constant(False)

    def check(batch_number, arrived):
        numbers, batch = arrived
        wanted = tf.range(batch_number * batch_size, tf.minimum((batch_number + 1) * batch_size, count))
        size = tf.size(wanted)
        positions = tf.where(numbers < 0, numbers, numbers % count)
        # If files at the end are missing, the last batch may be shorter.
        found = tf.pad(positions, [[0, batch_size]], constant_values=-1)[:size] == wanted
        present = tf.cond(
            tf.reduce_all(found),
            lambda: tf.constant(True),
            # If all of the last batch is missing, no number says which epoch it is: then the epoch is -1.
            lambda: fail(tf.reduce_max(numbers) // count, wanted[tf.argmin(tf.cast(found, tf.int32))]),
        )
        with tf.control_dependencies([present]):
            return tf.nest.map_structure(lambda part: fix_size(part[:size]), batch)

    def fix_size(part):
        size = batch_size if count % batch_size == 0 else None
        return tf.ensure_shape(part, [size, *part.shape[1:]])

    def blank(spec):
        return tf.zeros(spec.shape, spec.dtype)

    # One more element at the end, so that there is a last batch to check even if all of its files are missing.
    last = tf.data.Dataset.from_tensors(
        (tf.constant(-1, tf.int64), tf.nest.map_structure(blank, elements.element_spec[1]))
    )
    batches = elements.ignore_errors().concatenate(last).batch(batch_size)
    return batches.take(-(-count // batch_size)).enumerate().map(check)


def find_unreadable(
    paths: tf.Tensor, read: Callable[[tf.Tensor], Any], report: Callable[[int], None] = lambda count: None
) -> dict[int, str]:
    """Try all files, and find out what is wrong with the ones that cannot be read.

    Args:
        paths: String tensor of shape `(files,)`.
        read: See `why_unreadable`.
        report: Function that is called with the number of files tried since its last call. Defaults to
            nothing.

    Returns:
        Dict from the index of each file that cannot be read to the reason.
    """

    def try_one(index, path):
        with tf.control_dependencies([read(path)]):
            return tf.identity(index)

    files = tf.data.Dataset.from_tensor_slices(paths).enumerate()
    readable = files.map(try_one, num_parallel_calls=tf.data.AUTOTUNE).ignore_errors()
    bad = set(range(len(paths)))
    for indices in readable.batch(TRIED_AT_ONCE).as_numpy_iterator():
        bad.difference_update(indices.tolist())
        report(len(indices))
    # Traced once, because it has many operations.
    once_more = tf.function(read, input_signature=[tf.TensorSpec((), tf.string)])
    return {index: why_unreadable(paths[index].numpy(), once_more) for index in sorted(bad)}
