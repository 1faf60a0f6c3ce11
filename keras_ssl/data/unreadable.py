import os
import re

import tensorflow as tf

#: Files from one report to the next.
TRIED_AT_ONCE = 64


def why_unreadable(path, read):
    """Explain in words why a file cannot be read.

    Args:
        path: Path of the file, as bytes or string.
        read: Takes a path as a string tensor; raises `tf.errors.OpError` if it cannot read the file.

    Returns:
        A string.
    """
    try:
        read(tf.constant(path))
    except tf.errors.OpError as error:
        # Before them a graph says where it was traced, in lines that are set in.
        words = " ".join(re.sub(r"(?s)^Graph execution error:.*\n +File [^\n]*\n", "", error.message).split())
        # Around them stand the name of a node, before and behind, or what an assertion prints.
        words = re.sub(r"assertion failed: \[(.*)\] \[\[", r"\1 [[", words)
        around = r"\{\{.*?\}\} ?| ?\[\[.*?\]\]| ?\[Op:\w+\].*|Expected .* Summarized data: |b'(.*?)'"
        return re.sub(around, r"\1", words).rstrip(".")
    return "it can be read now, but could not a moment ago"


def batch_or_raise(elements, file_at, read, count, batch_size):
    """Batch what `ignore_errors` left of a data set, or raise an error that names the first file that is missing.

    An error within a pipeline does not know which file it is about, and TensorFlow has no operation that catches
    one. What it has is leaving the element out: so elements carry their number. Whether one is missing is looked
    at once a batch, which costs nothing that can be measured while files are good.

    Args:
        elements: Data set of `(number, element)`: `epoch * count + position`, an int64 tensor, and what the data set
            is about.
        file_at: Takes the epoch, -1 for the newest, and the position, both integers, and returns the path that
            stands there.
        read: As in `why_unreadable`, to find out what is wrong.
        count: Number of elements, if none is missing.
        batch_size: A positive integer.

    Returns:
        A data set of batches of `element`.
    """

    def explain(epoch, position):
        path = os.fsencode(file_at(int(epoch), int(position)))
        return (
            f"Cannot read the image {path.decode(errors='replace')} ({why_unreadable(path, read)}). Delete or "
            "replace the file, or leave such files out: --on-error skip, in Python on_error='skip'."
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
        # Where files of the end are missing, the last batch may be shorter.
        found = tf.pad(positions, [[0, batch_size]], constant_values=-1)[:size] == wanted
        present = tf.cond(
            tf.reduce_all(found),
            lambda: tf.constant(True),
            # Where all of the last batch is missing, nothing that arrived says which epoch it is.
            lambda: fail(tf.reduce_max(numbers) // count, wanted[tf.argmin(tf.cast(found, tf.int32))]),
        )
        with tf.control_dependencies([present]):
            return tf.nest.map_structure(lambda part: fix_size(part[:size]), batch)

    def fix_size(part):
        size = batch_size if count % batch_size == 0 else None
        return tf.ensure_shape(part, [size, *part.shape[1:]])

    def blank(spec):
        return tf.zeros(spec.shape, spec.dtype)

    # Behind the last, so that a batch arrives and is looked at where all of its files are missing.
    last = tf.data.Dataset.from_tensors(
        (tf.constant(-1, tf.int64), tf.nest.map_structure(blank, elements.element_spec[1]))
    )
    batches = elements.ignore_errors().concatenate(last).batch(batch_size)
    return batches.take(-(-count // batch_size)).enumerate().map(check)


def find_unreadable(paths, read, report=lambda count: None):
    """Try all files, and report what is wrong with the ones that cannot be read.

    Args:
        paths: String tensor (files,).
        read: As in `why_unreadable`.
        report: Takes the number of files that were tried, some at a time. Defaults to nothing.

    Returns:
        Dict from the index of a file that cannot be read to the reason.
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
    once_more = tf.function(read, input_signature=[tf.TensorSpec((), tf.string)])  # of many operations
    return {index: why_unreadable(paths[index].numpy(), once_more) for index in sorted(bad)}
