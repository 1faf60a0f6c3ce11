import tensorflow as tf

from keras_ssl import distribute


def gather_views(*views):
    """The views of the global batch, for losses that compare the images of a batch with each other.

    On several replicas each holds some rows of the global batch. A loss that compares within the batch takes what
    this function returns as `global_views=`. The mean over the replicas, each weighted by its share of the rows, is
    then the loss that one device would have computed of the global batch. So is the gradient, where every replica
    scales its loss by that share and the gradients are added up, as `SelfSupervisedModel.minimize` does: gradients
    pass through the gathered rows.

    Args:
        *views: tensors (batch, …): this replica's rows, in the order in which the loss takes them. Replicas may hold
            different numbers of rows.

    Returns:
        A tuple of each view for the global batch, (global batch, …), and the place of this replica's first row in
        them, an int32 scalar. On one device these are the views themselves and 0.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> z_a, z_b = tf.random.normal((8, 16)), tf.random.normal((8, 16))
    >>> others = keras_ssl.losses.gather_views(z_a, z_b)
    >>> loss = keras_ssl.losses.nt_xent(z_a, z_b, global_views=others)
    """
    first_row = distribute.share(tf.shape(views[0])[0]).first_row
    return (*(distribute.gather(view) for view in views), first_row)
