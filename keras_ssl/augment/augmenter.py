import inspect
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_ssl.augment.random_image_layer import RandomImageLayer
from keras_ssl.augment.seeds import seed_scope

# The layers of keras-cv that compile and keep no random state. The others claim to support XLA too, but use
# operations without an XLA kernel, or a generator that cannot be compiled on more than one device.
COMPILABLE = ("AutoContrast", "Grayscale", "Posterization", "Rescaling", "Resizing", "Solarization")


@keras.saving.register_keras_serializable("keras_ssl")
class Augmenter(keras.layers.Layer):
    """Applies augmentation layers in sequence to a batch of images.

    With the layers of this package, the views are a pure function of the images and the seed. Random layers of Keras
    and keras-cv work too, but draw from their own generators.

    XLA compiles each layer that supports it, in eager code and in graphs. All layers compute in float32 under every
    dtype policy, because bfloat16 has only 8 bits of precision; layers created under a mixed policy are reset.

    Args:
        layers: List of `keras.layers.Layer`, each from a batch of images with pixels in `[0, 255]` to another.
        seed: Integer or `None`. Seed of the augmenter's own generator, for calls without a seed. Defaults to `None`.
        jit_compile: `"auto"` or Boolean. Whether XLA compiles the layers; `"auto"` compiles those known to support
            it. Defaults to `"auto"`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        images: Tensor of shape `(batch, height, width, channels)`, uint8 or float, pixels in `[0, 255]`.
        seed: Integer tensor of shape `(2,)`. Defaults to a new seed for each call.
        first_row: Integer or scalar integer tensor. Index of the first image in the global batch. Each row of that
            batch has its own random parameters, so that the views do not depend on the number of devices. Defaults to
            `0`.

    Returns:
        Float32 tensor of shape `(batch, *image_size, channels)`, pixels in `[0, 255]`.

    Raises:
        ValueError: If there are no layers, or `jit_compile=True` and a layer cannot be compiled.
        TypeError: If an element of `layers` is not a Keras layer.

    Example:

    >>> augmenter = keras_ssl.augment.Augmenter(
    ...     [keras_ssl.augment.RandomResizedCrop(32), keras_ssl.augment.RandomColorJitter()]
    ... )
    >>> views = augmenter(images, seed=(0, 1))
    """

    def __init__(
        self,
        layers: Sequence[keras.layers.Layer],
        seed: int | None = None,
        jit_compile: bool | str = "auto",
        **kwargs,
    ):
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.layers = list(layers)
        if not self.layers:
            raise ValueError(f"An augmenter needs at least one layer. Received: layers={layers}")
        for layer in self.layers:
            if not isinstance(layer, keras.layers.Layer):
                raise TypeError(
                    "An augmenter takes Keras layers: instances, not classes. "
                    f"Received: {layer} of type {type(layer).__name__}"
                )
        if jit_compile not in ("auto", True, False):
            raise ValueError(f"`jit_compile` must be 'auto', True or False. Received: jit_compile={jit_compile!r}")
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.jit_compile = jit_compile

        everything = [inner for layer in self.layers for inner in layer._flatten_layers()]
        for layer in everything:
            if layer.compute_dtype in ("float16", "bfloat16"):
                layer.dtype_policy = "float32"
        unsafe = [layer for layer in everything if not _compiles(layer)]
        if jit_compile is True and unsafe:
            raise ValueError(
                f"XLA cannot compile {', '.join(type(layer).__name__ for layer in unsafe)}. Pass "
                "jit_compile='auto' or False, or use layers of keras_ssl.augment instead. "
                f"Received: jit_compile={jit_compile}"
            )
        # Keras reads this before it compiles a model that contains the layer.
        self.supports_jit = not unsafe
        self._apply = tf.function(self._apply_layers)

    @property
    def image_size(self) -> tuple[int, int] | None:
        """Size `(height, width)` of the views, or `None` if they have the size of the images."""
        sizes = [layer.image_size for layer in self.layers if hasattr(layer, "image_size")]
        return sizes[-1] if sizes else None

    def call(self, images: Any, seed: Any = None, first_row: Any = 0) -> tf.Tensor:
        """Return a view of each image."""
        if len(images.shape) != 4:
            raise ValueError(
                "An augmenter takes a batch of images of shape (batch, height, width, channels). "
                f"Received: images.shape={tuple(images.shape)}"
            )
        seed = tf.cast(self.seed_generator.next() if seed is None else seed, tf.int32)
        if seed.shape != (2,):
            raise ValueError(
                f"`seed` must be two integers, a tensor of shape (2,). Received: seed.shape={seed.shape}"
            )
        return self._apply(images, seed, tf.cast(first_row, tf.int32))

    def _apply_layers(self, images, seed, first_row):
        with seed_scope(seed, first_row):
            for layer in self.layers:
                # Each layer is compiled alone. Compiled together, XLA on a CPU fuses layers into loops that compute a
                # pixel of one layer again each time the next layer reads it. The function is created here and not
                # kept, because it keeps references to the tensors of the scope.
                images = tf.function(_call, jit_compile=self._is_compiled(layer) or None)(layer, images)
        return tf.cast(images, tf.float32)

    def _is_compiled(self, layer):
        if self.jit_compile != "auto":
            return self.jit_compile
        # XLA cannot compile the variables of other random layers on more than one device.
        return all(
            _compiles(inner) and (isinstance(inner, RandomImageLayer) or not inner.variables)
            for inner in layer._flatten_layers()
        )

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "layers": [keras.saving.serialize_keras_object(layer) for layer in self.layers],
            "seed": self.seed,
            "jit_compile": self.jit_compile,
        }

    @classmethod
    def from_config(cls, config: dict) -> "Augmenter":
        """Create an augmenter from the result of `get_config`."""
        layers = [keras.saving.deserialize_keras_object(layer) for layer in config["layers"]]
        return cls(**{**config, "layers": layers})


def _call(layer, images):
    takes_training = "training" in inspect.signature(layer.call).parameters
    return layer(images, training=True) if takes_training else layer(images)


def _compiles(layer):
    if type(layer).__module__.startswith("keras_cv."):
        return type(layer).__name__ in COMPILABLE
    return layer.supports_jit
