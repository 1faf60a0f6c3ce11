import re

import tensorflow as tf

#: Files from one report to the next.
TRIED_AT_ONCE = 64


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
    one. What it has is leaving the element out: so elements carry their position. Whether one is missing is looked
    at once a batch, which costs nothing that can be measured while files are good.

    Args:
        elements: Data set of `((position, epoch), element)`: the position in this epoch, the epoch, and what the data
            set is about. An element that cannot fail, at the position `count`, must follow the last.
        file_at: Takes a position and an epoch, and returns the path that stands there, a string tensor.
        read: As in `why_unreadable`, to find out what is wrong.
        count: Number of elements, if none is missing.
        batch_size: A positive integer.

    Returns:
        A data set of batches of `element`.
    """

    def explain(position, epoch):
        path = file_at(position, epoch).numpy()
        return (
            f"Cannot read the image {path.decode(errors='replace')} ({why_unreadable(path, read)}). Delete or "
            "replace the file, or set on_error to skip."
        )

    def fail(position, epoch):
        message = tf.py_function(explain, [position, epoch], tf.string)
        with tf.control_dependencies([tf.debugging.Assert(False, [message])]):
            return tf.constant(False)

    def check(number, arrived):
        (positions, epochs), batch = arrived
        wanted = tf.range(number * batch_size, tf.minimum((number + 1) * batch_size, count))
        size = tf.size(wanted)
        # Where files of the end are missing, the last batch may be shorter.
        found = tf.concat([positions, tf.fill([batch_size], tf.constant(-1, tf.int64))], axis=0)[:size] == wanted
        present = tf.cond(
            tf.reduce_all(found),
            lambda: tf.constant(True),
            lambda: fail(wanted[tf.argmin(tf.cast(found, tf.int32))], epochs[0]),
        )
        with tf.control_dependencies([present]):
            return tf.nest.map_structure(lambda part: fix_size(part[:size]), batch)

    def fix_size(part):
        size = batch_size if count % batch_size == 0 else None
        return tf.ensure_shape(part, [size, *part.shape[1:]])

    batches = elements.ignore_errors().batch(batch_size)
    return batches.take(-(-count // batch_size)).enumerate().map(check)


def find_unreadable(paths, read, report):
    """Try all files, and say what is wrong with those that cannot be read.

    Args:
        paths: String tensor (files,).
        read: As in `why_unreadable`.
        report: Takes the number of files that were tried, some at a time.

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
