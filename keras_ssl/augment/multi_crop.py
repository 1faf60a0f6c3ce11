import numbers
from typing import Any

import keras
import tensorflow as tf

from keras_ssl.augment.augmenter import Augmenter


@keras.saving.register_keras_serializable("keras_ssl")
class MultiCrop(keras.layers.Layer):
    """Makes a few large and several small views of each image, as SwAV and DINO need.

    Small views are cheap to encode, and the method learns to make them agree with the large ones. The seed of each
    view is derived from the given seed and the number of the view, so the views are a pure function of the images and
    the seed, as with an `Augmenter`.

    Args:
        global_augmenter: An `Augmenter` for the large views.
        local_augmenter: An `Augmenter` for the small views.
        global_crops: Integer > 0. Large views of each image. Defaults to `2`.
        local_crops: Integer > 0. Small views of each image. Defaults to `6`, as in SwAV; DINO has 8.
        seed: Integer or `None`. Seed of the layer's own generator, for calls without a seed. Defaults to `None`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        images: Tensor of shape `(batch, height, width, channels)`, uint8 or float, pixels in `[0, 255]`.
        seed: Integer tensor of shape `(2,)`. Defaults to a new seed for each call.
        first_row: Integer or scalar integer tensor. Index of the first image in the global batch. Defaults to `0`.

    Returns:
        Pair of float32 tensors, pixels in `[0, 255]`. The large views, of shape
        `(global_crops * batch, *image_size, channels)`, and the small views, of shape
        `(local_crops * batch, *local_size, channels)`: the batch of the first view, then that of the second, …

    Raises:
        ValueError: If a number of crops is not a positive integer.
        TypeError: If an argument is not an `Augmenter`.

    Example:

    >>> multi_crop = keras_ssl.augment.MultiCrop(
    ...     keras_ssl.augment.simclr(32, scale=(0.14, 1.0)), keras_ssl.augment.simclr(16, scale=(0.05, 0.14))
    ... )
    >>> large, small = multi_crop(images, seed=(0, 1))

    Reference: [Caron et al., 2020](https://arxiv.org/abs/2006.09882), section 3.3.
    """

    def __init__(
        self,
        global_augmenter: Augmenter,
        local_augmenter: Augmenter,
        global_crops: int = 2,
        local_crops: int = 6,
        seed: int | None = None,
        **kwargs,
    ):
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        for name, augmenter in (("global_augmenter", global_augmenter), ("local_augmenter", local_augmenter)):
            if not isinstance(augmenter, Augmenter):
                raise TypeError(f"`{name}` must be a keras_ssl.augment.Augmenter. Received: {name}={augmenter!r}")
        for name, crops in (("global_crops", global_crops), ("local_crops", local_crops)):
            if not isinstance(crops, numbers.Integral) or crops < 1:
                raise ValueError(f"`{name}` must be a positive integer. Received: {name}={crops!r}")
        self.global_augmenter = global_augmenter
        self.local_augmenter = local_augmenter
        self.global_crops = int(global_crops)
        self.local_crops = int(local_crops)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        # Keras reads this before it compiles a model that contains the layer.
        self.supports_jit = global_augmenter.supports_jit and local_augmenter.supports_jit

    @property
    def image_size(self) -> tuple[int, int] | None:
        """Size `(height, width)` of the large views, or `None` if they have the size of the images."""
        return self.global_augmenter.image_size

    @property
    def local_size(self) -> tuple[int, int] | None:
        """Size `(height, width)` of the small views, or `None` if they have the size of the images."""
        return self.local_augmenter.image_size

    def call(self, images: Any, seed: Any = None, first_row: Any = 0) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the large and the small views of each image."""
        seed = tf.cast(self.seed_generator.next() if seed is None else seed, tf.int32)
        augmenters = [self.global_augmenter] * self.global_crops + [self.local_augmenter] * self.local_crops
        views = [
            augmenter(images, seed=tf.random.fold_in(seed, view, alg="philox"), first_row=first_row)
            for view, augmenter in enumerate(augmenters)
        ]
        return tf.concat(views[: self.global_crops], axis=0), tf.concat(views[self.global_crops :], axis=0)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "global_augmenter": keras.saving.serialize_keras_object(self.global_augmenter),
            "local_augmenter": keras.saving.serialize_keras_object(self.local_augmenter),
            "global_crops": self.global_crops,
            "local_crops": self.local_crops,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict) -> "MultiCrop":
        """Create a layer from the result of `get_config`."""
        return cls(**keras.saving.deserialize_keras_object(config))
