"""What FCOS is to predict at each location of its feature maps: Tian et al., 2019, section 3."""

import tensorflow as tf

# A location belongs to a box if it lies within 1.5 strides of its middle: the authors' code
# (https://github.com/tianzhi0549/FCOS, "center sampling").
CENTER_RADIUS = 1.5
# The longest distance to a side that a level predicts, in strides: the paper's 64 pixels for the stride 8, and so on.
LONGEST_DISTANCE = 8.0


def locations_of(map_sizes, strides):
    """The middles of the pixels of feature maps, level after level, row by row.

    Args:
        map_sizes: List of `(height, width)`, integers or scalar tensors, of the maps.
        strides: List of integers, finest first.

    Returns:
        centers: Float32 tensor of shape `(locations, 2)`, (y, x) in pixels of the image.
        levels: Int32 tensor of shape `(locations,)`, the position of a location's level in the lists.

    Example:

    >>> centers, _ = locations_of([(1, 2)], [8])
    >>> centers.numpy().tolist()
    [[4.0, 4.0], [4.0, 12.0]]
    """
    centers, levels = [], []
    for level, ((height, width), stride) in enumerate(zip(map_sizes, strides, strict=True)):
        y, x = tf.meshgrid(tf.range(height), tf.range(width), indexing="ij")
        grid = tf.reshape(tf.stack([y, x], axis=-1), (-1, 2))
        centers.append((tf.cast(grid, tf.float32) + 0.5) * stride)
        levels.append(tf.fill(tf.shape(grid)[:1], level))
    return tf.concat(centers, axis=0), tf.concat(levels, axis=0)


def assign_locations(boxes, classes, centers, levels, strides):
    """Gives each location the object that it is to predict, or none.

    A location belongs to a box that it lies in, near the middle, if the level is that of the box's size: the longest of
    the distances to the four sides is at most 8 strides, and more than the next finer level predicts. Of several
    boxes it takes the smallest.

    Args:
        boxes: Float32 tensor of shape `(batch, objects, 4)`, (top, left, bottom, right) in pixels.
        classes: Integer tensor of shape `(batch, objects)`, -1 for rows without an object.
        centers: Float32 tensor of shape `(locations, 2)`, see `locations_of`.
        levels: Int32 tensor of shape `(locations,)`.
        strides: List of integers, those of the levels, finest first.

    Returns:
        classes: Int32 tensor of shape `(batch, locations)`, -1 for locations without an object.
        distances: Float32 tensor of shape `(batch, locations, 4)` to (top, left, bottom, right) in strides of the level.
            1 for locations without an object.

    Example:

    >>> centers, levels = locations_of([(2, 2)], [8])
    >>> classes, distances = assign_locations(tf.constant([[[0.0, 0.0, 8.0, 8.0]]]), tf.constant([[5]]), centers, levels, [8])
    >>> classes.numpy().tolist(), distances[0, 0].numpy().tolist()
    ([[5, -1, -1, -1]], [0.5, 0.5, 0.5, 0.5])
    """  # noqa: E501
    steps = tf.constant(strides, tf.float32)
    stride = tf.gather(steps, levels)[:, tf.newaxis]
    shortest = tf.gather(tf.constant([0.0, *(LONGEST_DISTANCE * s for s in strides[:-1])]), levels)[:, tf.newaxis]
    longest = tf.gather(tf.constant([*(LONGEST_DISTANCE * s for s in strides[:-1]), float("inf")]), levels)[
        :, tf.newaxis
    ]

    # (batch, locations, objects, …)
    boxes, centers = boxes[:, tf.newaxis], centers[tf.newaxis, :, tf.newaxis]
    distances = tf.concat([centers - boxes[..., :2], boxes[..., 2:] - centers], axis=-1)
    middle = (boxes[..., :2] + boxes[..., 2:]) / 2
    is_near = tf.reduce_all(tf.abs(centers - middle) < CENTER_RADIUS * stride[..., tf.newaxis], axis=-1)
    is_inside = tf.reduce_min(distances, axis=-1) > 0
    reach = tf.reduce_max(distances, axis=-1)
    belongs = is_near & is_inside & (reach > shortest) & (reach <= longest) & (classes[:, tf.newaxis] >= 0)

    areas = tf.reduce_prod(boxes[..., 2:] - boxes[..., :2], axis=-1)
    areas = tf.where(belongs, areas, float("inf"))
    smallest = tf.argmin(areas, axis=-1, output_type=tf.int32)
    has_object = tf.reduce_any(belongs, axis=-1)
    assigned = tf.gather(tf.cast(classes, tf.int32), smallest, batch_dims=1)
    distances = tf.gather(distances / stride[..., tf.newaxis], smallest, batch_dims=2)
    return tf.where(has_object, assigned, -1), tf.where(has_object[..., tf.newaxis], distances, 1.0)
