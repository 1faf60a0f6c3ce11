import math
from typing import Any

import keras
import tensorflow as tf

from keras_ssl.augment.crop_and_resize import crop_and_resize
from keras_ssl.augment.crop_boxes import crop_boxes
from keras_ssl.augment.crop_masks import crop_masks
from keras_ssl.augment.draw_boxes import ATTEMPTS, draw_boxes
from keras_ssl.augment.random_brightness_contrast import RandomBrightnessContrast
from keras_ssl.augment.random_color_jitter import RandomColorJitter
from keras_ssl.augment.seeds import current_draws, seed_scope
from keras_ssl.checks.arguments import check_image_size, check_interval, check_not_negative, check_probability

Targets = dict[str, Any]


@keras.saving.register_keras_serializable("keras_ssl")
class SceneAugmenter(keras.layers.Layer):
    """Crops, resizes, flips and recolors images, and moves boxes and masks with them.

    For training detectors and segmentation networks. Each image is changed at random, in these steps:

    1. Crop a window. Its share of the image's area is drawn uniformly from `scale`, its aspect ratio divided by the
       image's log-uniformly from `stretch`. A window that does not fit is drawn again, up to ten times; then the
       largest is taken. It lies anywhere in the image, at a real, not a whole, position.
    2. Resize it to `image_size`, as `keras_ssl.augment.crop_and_resize` does.
    3. Flip it.
    4. Change its colors: by `RandomColorJitter` if it is RGB, else by `RandomBrightnessContrast`. No image becomes
       gray, because colors may tell the classes apart.

    Boxes are clipped to the window, and dropped if too little is left of them (`keras_ssl.augment.crop_boxes`). Masks
    are cropped with the nearest neighbors (`keras_ssl.augment.crop_masks`).

    A `scale` above 1 zooms out: the window is larger than the image, which lies anywhere in it, whole, and is
    surrounded by its mean color.

    The result is a pure function of the images, the targets, the seed and the first row. All is computed in float32
    under every dtype policy.

    Args:
        image_size: Integer or pair of integers `(height, width)`, the size of the output.
        scale: Pair of positive floats. The window's share of the area. Defaults to `(0.5, 1.0)`.
        stretch: Pair of positive floats. The window's aspect ratio (width / height) divided by the image's.
            Defaults to `(4 / 5, 5 / 4)`.
        flip_probability: Float in `[0, 1]`. Probability of a horizontal flip. Defaults to `0.5`.
        vertical_flip_probability: Float in `[0, 1]`. Probability of a vertical flip. Defaults to `0.0`.
        strength: Float of at least 0. Brightness, contrast and saturation change by up to `0.8 * strength`, the hue
            turns by up to `0.2 * strength`, as in `keras_ssl.augment.simclr`. Defaults to `0.25`.
        min_visible: Float in `[0, 1]`. Smallest share of a box's area that must be left. Defaults to `0.3`.
        ignore_class: Integer or `None`. Class id in masks around an image that is zoomed out. Defaults to `None`.
        antialias: Boolean. See `RandomResizedCrop`. Defaults to `True`.
        seed: Integer or `None`. Seed of the layer's own generator, for calls without a seed. Defaults to `None`.
        jit_compile: Boolean. Whether XLA compiles the computation. Defaults to `True`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        images: Tensor of shape `(batch, height, width, channels)`, uint8 or float, pixels in `[0, 255]`.
        targets: Dictionary with any of these keys:
            `"boxes"`: Float tensor of shape `(batch, objects, 4)`: top, left, bottom and right in relative
            coordinates, 0 to 1. Rows without an object are -1.
            `"classes"`: Integer tensor of shape `(batch, objects)`, with `"boxes"` only. Rows without an object are
            -1.
            `"masks"`: Integer tensor of shape `(batch, height, width)`, class ids.
        seed: Integer tensor of shape `(2,)`; by default a new one for each call.
        first_row: Integer or scalar integer tensor. Index of the first image in the global batch. Each row of that
            batch has its own random parameters, whatever the number of devices. Defaults to `0`.

    Returns:
        images: Float32 tensor of shape `(batch, *image_size, channels)`, pixels in `[0, 255]`.
        targets: Dictionary with the same keys. Boxes are float32; classes and masks keep their dtype. Rows of dropped
            boxes are -1 in boxes and classes. Masks have the shape `(batch, *image_size)`.

    Raises:
        ValueError: If an argument is out of its range, or images and targets do not fit together.

    Example:

    >>> augmenter = keras_ssl.augment.SceneAugmenter((24, 32), scale=(0.3, 1.0))
    >>> boxes = np.tile(np.array([0.25, 0.25, 0.75, 0.75], "float32"), (16, 1, 1))
    >>> targets = {"boxes": boxes, "classes": np.zeros((16, 1), "int32")}
    >>> views, targets = augmenter(images, targets, seed=(0, 1))
    >>> views.shape, targets["boxes"].shape, targets["classes"].shape
    (TensorShape([16, 24, 32, 3]), TensorShape([16, 1, 4]), TensorShape([16, 1]))

    Reference: windows and zooming out as in SSD, [Liu et al., 2016](https://arxiv.org/abs/1512.02325), sections 2.2
    and 3.6, without its choice of windows by their overlap with objects.
    """

    def __init__(
        self,
        image_size: int | tuple[int, int],
        scale: tuple[float, float] = (0.5, 1.0),
        stretch: tuple[float, float] = (4 / 5, 5 / 4),
        flip_probability: float = 0.5,
        vertical_flip_probability: float = 0.0,
        strength: float = 0.25,
        min_visible: float = 0.3,
        ignore_class: int | None = None,
        antialias: bool = True,
        seed: int | None = None,
        jit_compile: bool = True,
        **kwargs,
    ):
        # A mixed policy would round pixels to bfloat16, which has a precision of 8 bits.
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.image_size = check_image_size(image_size)
        self.scale, self.stretch = check_interval("scale", scale, 0), check_interval("stretch", stretch, 0)
        if self.scale[0] == 0 or self.stretch[0] == 0:
            raise ValueError(
                "A window needs an area: `scale` and `stretch` must begin above 0. "
                f"Received: scale={scale}, stretch={stretch}"
            )
        self.flip_probability = check_probability("flip_probability", flip_probability)
        self.vertical_flip_probability = check_probability("vertical_flip_probability", vertical_flip_probability)
        self.strength = check_not_negative("strength", strength)
        if not 0 <= min_visible <= 1:
            raise ValueError(
                "`min_visible` is a share of a box's area, so it must be between 0 and 1. "
                f"Received: min_visible={min_visible}"
            )
        self.min_visible = float(min_visible)
        if ignore_class is not None and ignore_class not in range(256):
            raise ValueError(
                "`ignore_class` must be a class id, an integer from 0 to 255, or None. "
                f"Received: ignore_class={ignore_class!r}"
            )
        self.ignore_class = None if ignore_class is None else int(ignore_class)
        self.antialias = bool(antialias)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.jit_compile = bool(jit_compile)

        # Largest height and width of a window, as a share of the image's.
        self._largest = max(1.0, math.sqrt(self.scale[1]))
        change, turn = 0.8 * self.strength, min(0.5, 0.2 * self.strength)
        self._rgb_colors = RandomColorJitter(change, change, change, turn, gray_probability=0.0)
        self._other_colors = RandomBrightnessContrast(change, change)
        # Keras expects that all parts are built, and each image needs only one of them.
        self._rgb_colors.build((None, *self.image_size, 3))
        self._other_colors.build((None, *self.image_size, None))
        self._apply = tf.function(self._augment)

    def call(self, images, targets, seed=None, first_row=0):
        """Return a view of each image, and the targets that belong to it."""
        self._check(images, targets)
        seed = tf.cast(self.seed_generator.next() if seed is None else seed, tf.int32)
        if seed.shape != (2,):
            raise ValueError(
                f"`seed` must be two integers, a tensor of shape (2,). Received: seed.shape={seed.shape}"
            )
        return self._apply(images, targets, seed, tf.cast(first_row, tf.int32))

    def _augment(self, images, targets, seed, first_row):
        # Compiled one by one, as in `Augmenter`, and made here, since such a function holds on to the tensors of the
        # scope.
        with seed_scope(seed, first_row):
            crop = tf.function(self._crop, jit_compile=self.jit_compile or None)
            images, targets = crop(images, targets)
            if self.strength:
                colors = self._rgb_colors if images.shape[-1] == 3 else self._other_colors
                images = tf.function(lambda images: colors(images), jit_compile=self.jit_compile or None)(images)
        return images, targets

    def _crop(self, images, targets):
        images = tf.cast(images, tf.float32)
        shape = tf.shape(images)
        windows = self._draw_windows(shape[0])
        pixels = windows * tf.tile(tf.cast(shape[1:3], tf.float32), [2])
        views = crop_and_resize(images, pixels, self.image_size, None, self.antialias, self._largest)
        if self._largest > 1:
            covered = crop_masks(tf.ones(shape[:3], tf.bool), pixels, self.image_size, outside=False)
            views = tf.where(covered[..., tf.newaxis], views, tf.reduce_mean(images, axis=(1, 2), keepdims=True))

        moved = dict(targets)
        if "boxes" in targets:
            moved["boxes"], kept = crop_boxes(tf.cast(targets["boxes"], tf.float32), windows, self.min_visible)
        if "classes" in targets:
            moved["classes"] = tf.where(kept, targets["classes"], tf.cast(-1, targets["classes"].dtype))
        if "masks" in targets:
            moved["masks"] = crop_masks(targets["masks"], pixels, self.image_size, self.ignore_class or 0)
        return views, moved

    def _draw_windows(self, batch_size):
        """Windows of shape `(batch, 4)` in relative coordinates, as `crop_boxes` takes them."""
        uniform = current_draws().uniform(batch_size, 2 * ATTEMPTS + 6)
        uniform, position, coins = tf.split(uniform, (2 * ATTEMPTS + 2, 2, 2), axis=1)
        # The image is the unit square, so that aspect ratios are relative to its own.
        space = tf.fill((2,), self._largest)
        boxes, _ = draw_boxes(uniform, space, [share / self._largest**2 for share in self.scale], self.stretch)
        size = boxes[:, 2:]
        corner = (1.0 - size) * position
        flipped = coins < (self.vertical_flip_probability, self.flip_probability)
        return tf.concat((tf.where(flipped, corner + size, corner), tf.where(flipped, -size, size)), axis=1)

    def _check(self, images, targets):
        if len(images.shape) != 4:
            raise ValueError(
                "A scene augmenter takes a batch of images of shape (batch, height, width, channels). "
                f"Received: images.shape={tuple(images.shape)}"
            )
        if not isinstance(targets, dict) or not set(targets) <= {"boxes", "classes", "masks"}:
            received = sorted(targets) if isinstance(targets, dict) else type(targets).__name__
            raise ValueError(
                "`targets` must be a dictionary with any of the keys 'boxes', 'classes' and 'masks'. "
                f"Received: targets={received}"
            )
        shapes = {name: tf.TensorShape(target.shape) for name, target in targets.items()}
        batch, height, width, _ = images.shape
        if "classes" in targets and "boxes" not in targets:
            raise ValueError(
                "Classes belong to boxes, and are dropped with them: pass both. Received: targets={'classes'}"
            )
        _check_shape("boxes", shapes, (batch, None, 4), "(batch, objects, 4)")
        _check_shape("classes", shapes, tf.TensorShape(shapes.get("boxes"))[:2], "(batch, objects)")
        _check_shape("masks", shapes, (batch, height, width), "(batch, height, width), the images' own")
        if "masks" in targets and self._largest > 1 and self.ignore_class is None:
            raise ValueError(
                "With a `scale` above 1 parts of the masks lie outside of the images: pass `ignore_class`, the class "
                f"id that they get. Received: scale={self.scale}, ignore_class=None"
            )

    def get_config(self):
        """Return the arguments that make an equal layer."""
        return {
            **super().get_config(),
            "image_size": self.image_size,
            "scale": self.scale,
            "stretch": self.stretch,
            "flip_probability": self.flip_probability,
            "vertical_flip_probability": self.vertical_flip_probability,
            "strength": self.strength,
            "min_visible": self.min_visible,
            "ignore_class": self.ignore_class,
            "antialias": self.antialias,
            "seed": self.seed,
            "jit_compile": self.jit_compile,
        }


def _check_shape(name, shapes, expected, words):
    if name in shapes and not shapes[name].is_compatible_with(expected):
        raise ValueError(
            f"`targets[{name!r}]` must be of shape {words}, here {tf.TensorShape(expected)}. "
            f"Received: targets[{name!r}].shape={shapes[name]}"
        )
