import numpy as np
import tensorflow as tf

from keras_ssl.data.batches import finish, images_per_epoch
from keras_ssl.data.order import each_epoch, epoch_order


def in_memory(images, labels, batch_size, shuffle, seed, drop_remainder=None, **attributes):
    """A data set of batches gathered from tensors, by batches of indices rather than image by image.

    Args:
        images: Images (count, height, width, channels) of any dtype; a `numpy.memmap` stays in its file.
        labels: Labels (count, …), or a dict of them, or `None`.
        batch_size: A positive integer.
        shuffle: Boolean: whether each epoch has an order of its own.
        seed: An integer.
        drop_remainder: See `images_per_epoch`. Defaults to `None`.
        **attributes: Attributes of the data set, such as `class_names`.

    Returns:
        A `tf.data.Dataset` of `images` or `(images, labels)`.
    """
    count = int(images.shape[0])
    used = images_per_epoch(count, batch_size, shuffle, drop_remainder)
    # tf.data runs on the CPU; a tensor on an accelerator would be copied over for every batch.
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
