import tensorflow as tf

from keras_ssl.data.batches import finish, images_per_epoch
from keras_ssl.data.order import each_epoch, epoch_order


def in_memory(images, labels, batch_size, shuffle, seed, drop_remainder=None, class_names=None):
    """A data set of batches gathered from tensors, by batches of indices rather than image by image.

    Args:
        images: Images (count, height, width, channels) of any dtype.
        labels: Labels (count, …), or a dict of them, or `None`.
        batch_size: A positive integer.
        shuffle: Boolean: whether each epoch has an order of its own.
        seed: An integer.
        drop_remainder: See `images_per_epoch`. Defaults to `None`.
        class_names: List of strings, or `None`. Defaults to `None`.

    Returns:
        A `tf.data.Dataset` of `images` or `(images, labels)`.
    """
    count = int(images.shape[0])
    used = images_per_epoch(count, batch_size, shuffle, drop_remainder)
    # tf.data runs on the CPU; a tensor on an accelerator would be copied over for every batch.
    with tf.device("CPU:0"):
        images = tf.identity(images)
        labels = None if labels is None else tf.nest.map_structure(tf.identity, labels)

    def batches_of_indices(seeds):
        indices = tf.data.Dataset.from_tensor_slices(epoch_order(count, shuffle, seeds)[:used])
        return indices.batch(batch_size, drop_remainder=used % batch_size == 0)

    def gather(indices):
        batch = tf.gather(images, indices)
        if labels is None:
            return batch
        return batch, tf.nest.map_structure(lambda part: tf.gather(part, indices), labels)

    dataset, epoch = each_epoch(batches_of_indices, seed)
    dataset = dataset.map(gather, num_parallel_calls=tf.data.AUTOTUNE)
    return finish(dataset, used, batch_size, epoch=epoch, class_names=class_names)
