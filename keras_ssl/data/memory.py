import numpy as np
import tensorflow as tf

from keras_ssl.data.batches import finish, images_per_epoch
from keras_ssl.data.order import each_epoch, epoch_order


def in_memory(images, labels, batch_size, shuffle, seed, drop_remainder=None, **attributes):
    """Make a data set of images in memory, which gathers whole batches and not single images.

    Args:
        images: Array or tensor of shape `(count, height, width, channels)`, of any dtype. A `numpy.memmap` stays in
            its file.
        labels: Labels of shape `(count, …)`, a dict of such labels, or `None`.
        batch_size: Positive integer.
        shuffle: Boolean. Whether each epoch has an order of its own.
        seed: Integer.
        drop_remainder: See `images_per_epoch`. Defaults to `None`.
        **attributes: Attributes of the data set, such as `class_names`.

    Returns:
        A `tf.data.Dataset` of `images` or `(images, labels)`.
    """
    count = int(images.shape[0])
    used = images_per_epoch(count, batch_size, shuffle, drop_remainder)
    # tf.data runs on the CPU. A tensor on an accelerator would be copied for every batch.
    with tf.device("CPU:0"):
        images = images if isinstance(images, np.memmap) else tf.identity(images)
        labels = None if labels is None else tf.nest.map_structure(tf.identity, labels)

    def take(indices):
        if not isinstance(images, np.memmap):
            return tf.gather(images, indices)
        batch = tf.numpy_function(lambda rows: np.asarray(images[rows]), [indices], images.dtype, stateful=False)
        return tf.ensure_shape(batch, [*indices.shape, *images.shape[1:]])

    def batches_of_indices(seeds):
        indices = tf.data.Dataset.from_tensor_slices(epoch_order(count, shuffle, seeds)[:used])
        return indices.batch(batch_size, drop_remainder=used % batch_size == 0)

    def gather(indices):
        batch = take(indices)
        if labels is None:
            return batch
        return batch, tf.nest.map_structure(lambda part: tf.gather(part, indices), labels)

    dataset, epoch = each_epoch(batches_of_indices, seed)
    dataset = dataset.map(gather, num_parallel_calls=tf.data.AUTOTUNE)
    return finish(dataset, used, batch_size, epoch=epoch, shuffled=shuffle, **attributes)
