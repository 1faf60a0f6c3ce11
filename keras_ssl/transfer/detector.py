from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_ssl.augment import Augmenter
from keras_ssl.backbones import feature_pyramid
from keras_ssl.checks.arguments import check_count
from keras_ssl.heads import fcos_head, fpn
from keras_ssl.losses import fcos
from keras_ssl.transfer.fcos_targets import assign_locations, locations_of
from keras_ssl.transfer.scene_model import SceneModel

# Of this many candidates the non-maximum suppression chooses, as in FCOS and RetinaNet.
CANDIDATES = 1000
# exp(8) strides are longer than any image; a new head's first steps could overflow beyond.
LARGEST_LOG_DISTANCE = 8.0


@keras.saving.register_keras_serializable("keras_ssl")
class Detector(SceneModel):
    """Finds objects in images: FCOS, an anchor-free detector, on the feature maps of an encoder.

    At each location of the maps, a head predicts classes, a box, and the centerness of the location in it. Before the
    head, a feature pyramid network gives all maps the same number of channels. The images may have any size, except
    on a vision transformer, which keeps one.

    Train it on `keras_ssl.data.boxes`, or on a data set of your own that gives `(images, {"boxes", "classes"})`. By
    default all layers learn at the rate of the optimizer. `detector.encoder.trainable = False` before `compile`
    freezes the encoder; `scene_optimizer` lets the head learn first, and layers near the images more slowly.

    Args:
        encoder: A built `keras.Model` from images to features, such as `model.encoder`. It is copied, and left as it
            is.
        classes: Sequence of strings, the names of the classes 0, 1, ….
        augmenter: A `keras_ssl.augment.SceneAugmenter`, which moves the boxes with the image, or None for the images
            as they are. Defaults to `None`.
        image_size: Pair of integers `(height, width)`. Only for a vision transformer: the size of the images.
            Defaults to `None`.
        finest_level: Integer: the finest feature map has one location for 2**level × 2**level pixels. Small objects
            need a low level. Defaults to `2`, or the encoder's finest if that is coarser.
        coarsest_level: Integer: of the coarsest map. Levels that the encoder has not are added. Defaults to `5`.
        width: Integer > 0, a multiple of 16: channels of the pyramid network and the head. Defaults to `64`.
        depth: Integer > 0: convolutions in each tower of the head. Defaults to `2`.
        score_threshold: Float in `[0, 1]`. Detections below are left out. Defaults to `0.05`.
        iou_threshold: Float in `[0, 1]`. Of two boxes of a class with a larger intersection over union, the one
            with the lower score is left out (non-maximum suppression). Defaults to `0.6`, FCOS'.
        max_detections: Integer > 0. The most objects of an image. Defaults to `100`, COCO's.
        seed: Integer. With the number of the step it determines the augmentation. Defaults to `0`.
        **kwargs: Arguments of `keras.Model`.

    Call arguments:
        images: Tensor of shape `(batch, height, width, channels)`, raw pixels in `[0, 255]`.

    Returns:
        Dict of what `predict` gives as arrays: `"boxes"` `(batch, max_detections, 4)`, (top, left, bottom, right) in
        relative coordinates; `"scores"` `(batch, max_detections)` in `[0, 1]`, best first; `"classes"`
        `(batch, max_detections)`, int32. Rows without a detection are -1, with the score 0.

    Raises:
        ValueError: If the encoder has no such feature maps, or an argument is out of its range.

    Example:

    >>> images = np.random.uniform(0, 255, (4, 64, 64, 3))
    >>> targets = {"boxes": np.tile([[[0.1, 0.1, 0.5, 0.5]]], (4, 1, 1)), "classes": np.zeros((4, 1), "int32")}
    >>> encoder = keras_ssl.backbones.resnet18((32, 32, 3), width=8)
    >>> detector = keras_ssl.transfer.Detector(encoder, classes=["cell"], width=16)
    >>> detector.compile("adam")
    >>> history = detector.fit(images, targets, batch_size=4, verbose=0)
    >>> detector.predict(images, verbose=0)["boxes"].shape
    (4, 100, 4)

    Reference:

    - [Tian et al., 2019](https://arxiv.org/abs/1904.01355), FCOS
    """

    logged = ("class_loss", "box_loss", "centerness_loss")

    def __init__(
        self,
        encoder: keras.Model,
        classes: Sequence[str],
        augmenter: Augmenter | None = None,
        *,
        image_size: Sequence[int] | None = None,
        finest_level: int = 2,
        coarsest_level: int = 5,
        width: int = 64,
        depth: int = 2,
        score_threshold: float = 0.05,
        iou_threshold: float = 0.6,
        max_detections: int = 100,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(encoder, classes, augmenter, seed, **kwargs)
        check_count("max_detections", max_detections)
        self.score_threshold = score_threshold
        self.iou_threshold = iou_threshold
        self.max_detections = max_detections
        self._settings = {
            "image_size": image_size,
            "finest_level": finest_level,
            "coarsest_level": coarsest_level,
            "width": width,
            "depth": depth,
        }
        pyramid = feature_pyramid(self.encoder, image_size=image_size)
        maps = {name: features.shape[1:] for name, features in pyramid.output.items()}
        maps = {name: shape for name, shape in maps.items() if finest_level <= int(name[1:]) <= coarsest_level}
        if not maps:
            raise ValueError(
                f"The encoder's feature maps are {', '.join(pyramid.output)}, and none is between the finest and the "
                f"coarsest level. Received: finest_level={finest_level}, coarsest_level={coarsest_level}"
            )
        self.pyramid = keras.Model(pyramid.inputs, {name: pyramid.output[name] for name in maps}, name="pyramid")
        self.fpn = fpn(maps, width, coarsest_level)
        self.head = fcos_head(width, len(self.class_names), width, depth)
        self.strides = [2 ** int(name[1:]) for name in self.fpn.output]
        # The paper's s_i: the distances of each level have a scale of their own.
        self.log_scales = self.add_weight(
            name="log_scales", shape=(len(self.strides),), initializer="zeros", dtype="float32"
        )

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step: classes, boxes and centerness at all locations of an augmented image, against the true ones."""
        images, targets = self.augment(*unpack(data))
        with tf.GradientTape() as tape:
            losses = self.forward(images, targets, training=True)
            loss = self.total(losses)
        self.minimize(loss, tape, images)
        return self.report(losses, images)

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """The same losses on images as they are, and no update."""
        images, targets = unpack(data)
        return self.report(self.forward(images, targets, training=False), images)

    def forward(self, images: tf.Tensor, targets: dict[str, tf.Tensor], training: bool) -> dict[str, tf.Tensor]:
        """The losses of `keras_ssl.losses.fcos`."""
        logits, distances, centerness, centers, levels = self.locations(images, training)
        pixels = tf.cast(tf.tile(tf.shape(images)[1:3], [2]), tf.float32)
        boxes = tf.cast(targets["boxes"], tf.float32) * pixels
        true_classes, true_distances = assign_locations(boxes, targets["classes"], centers, levels, self.strides)
        return fcos(logits, distances, centerness, true_classes, true_distances)

    def locations(self, images: tf.Tensor, training: bool | None) -> tuple[tf.Tensor, ...]:
        """What the network says at all locations of its feature maps.

        Args:
            images: Tensor of shape `(batch, height, width, channels)`.
            training: Boolean.

        Returns:
            Class logits `(batch, locations, classes)`, distances to the sides `(batch, locations, 4)` in strides,
            centerness logits `(batch, locations)`, the locations themselves `(locations, 2)` in pixels and their
            levels `(locations,)`.
        """
        maps = self.fpn(self.pyramid(images, training=training), training=training)
        outputs = [self.head(features, training=training) for features in maps.values()]
        centers, levels = locations_of([tf.unstack(tf.shape(x)[1:3]) for x in maps.values()], self.strides)
        logits, distances, centerness = (
            tf.concat([tf.reshape(x, (tf.shape(x)[0], -1, x.shape[-1])) for x in parts], axis=1)
            for parts in zip(*outputs, strict=True)
        )
        scales = tf.gather(tf.convert_to_tensor(self.log_scales), levels)[:, tf.newaxis]
        distances = tf.exp(tf.minimum(distances + scales, LARGEST_LOG_DISTANCE))
        return logits, distances, tf.squeeze(centerness, axis=-1), centers, levels

    def call(self, images: tf.Tensor, training: bool | None = None) -> dict[str, tf.Tensor]:
        """The objects of `images`, after non-maximum suppression."""
        logits, distances, centerness, centers, levels = self.locations(images, training)
        # The score of the paper's later code: the geometric mean, which is as good for ranking as the product.
        scores = tf.sqrt(tf.sigmoid(logits) * tf.sigmoid(centerness)[..., tf.newaxis])
        distances *= tf.gather(tf.constant(self.strides, tf.float32), levels)[:, tf.newaxis]
        boxes = tf.concat([centers - distances[..., :2], centers + distances[..., 2:]], axis=-1)
        pixels = tf.cast(tf.tile(tf.shape(images)[1:3], [2]), tf.float32)
        # TensorFlow turns a division by a known size into this product, and leaves one by an unknown size as it is.
        # Written as a product, both give the same digits.
        return self.suppress(tf.clip_by_value(boxes * (1.0 / pixels), 0.0, 1.0), scores)

    def suppress(self, boxes: tf.Tensor, scores: tf.Tensor) -> dict[str, tf.Tensor]:
        """Non-maximum suppression, class by class.

        Args:
            boxes: Float32 tensor of shape `(batch, locations, 4)`, in relative coordinates.
            scores: Float32 tensor of shape `(batch, locations, classes)`.

        Returns:
            The dict that `call` returns.
        """
        classes = scores.shape[-1]
        scores = tf.reshape(scores, (tf.shape(scores)[0], -1))
        scores, best = tf.math.top_k(scores, tf.minimum(CANDIDATES, tf.shape(scores)[1]))
        boxes = tf.gather(boxes, best // classes, batch_dims=1)
        classes = best % classes
        # Boxes of different classes lie apart, so that they do not suppress each other.
        apart = boxes + 2.0 * tf.cast(classes, tf.float32)[..., tf.newaxis]
        chosen, count = tf.image.non_max_suppression_padded(
            apart,
            scores,
            self.max_detections,
            self.iou_threshold,
            self.score_threshold,
            pad_to_max_output_size=True,
            sorted_input=True,
            canonicalized_coordinates=True,
        )
        found = tf.range(self.max_detections) < count[:, tf.newaxis]
        return {
            "boxes": tf.where(found[..., tf.newaxis], tf.gather(boxes, chosen, batch_dims=1), -1.0),
            "scores": tf.where(found, tf.gather(scores, chosen, batch_dims=1), 0.0),
            "classes": tf.where(found, tf.gather(classes, chosen, batch_dims=1), -1),
        }

    def get_config(self) -> dict:
        """The constructor's arguments, for `from_config`."""
        return {
            **super().get_config(),
            **self._settings,
            "score_threshold": self.score_threshold,
            "iou_threshold": self.iou_threshold,
            "max_detections": self.max_detections,
        }


def unpack(data: Any) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Images and boxes of a batch, or a ValueError that says what a batch must be."""
    images, targets, _ = keras.utils.unpack_x_y_sample_weight(data)
    if not isinstance(targets, dict) or not {"boxes", "classes"} <= set(targets):
        raise ValueError(
            'A detector learns from batches of (images, {"boxes": …, "classes": …}), as keras_ssl.data.boxes gives '
            f"them. Received: targets={targets!r}"
        )
    boxes, classes = targets["boxes"], targets["classes"]
    if len(boxes.shape) != 3 or boxes.shape[-1] != 4 or len(classes.shape) != 2:
        raise ValueError(
            "Boxes must have the shape (batch, objects, 4) and classes (batch, objects), with -1 in rows without an "
            f"object. Received: boxes.shape={tuple(boxes.shape)}, classes.shape={tuple(classes.shape)}"
        )
    return tf.convert_to_tensor(images), targets
