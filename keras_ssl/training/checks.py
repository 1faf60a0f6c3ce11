"""What goes wrong in practice with encoders and images, said in words before it costs a night of training."""

import warnings

import keras
import numpy as np
import tensorflow as tf

from keras_ssl.data.scale_pixels import SAY_RANGE


def check_encoder(encoder):
    """Raises a ValueError unless `encoder` is a built model from one batch of images to features."""
    if not isinstance(encoder, keras.Model):
        raise ValueError(
            "encoder must be a keras.Model from images to features: one of keras_ssl.backbones, or "
            f"keras_ssl.backbones.wrap(model) around your own. Received: encoder={encoder!r}"
        )
    try:
        input_shape, output_shape = encoder.input_shape, encoder.output_shape
    except AttributeError:
        raise ValueError(
            "encoder must know its input and output shapes: build it with the functional API, or put it into "
            f"keras.Sequential([keras.Input((height, width, channels)), encoder]). Received: encoder={encoder!r}"
        ) from None
    if isinstance(input_shape, list | dict) or len(input_shape) != 4 or input_shape[-1] is None:
        raise ValueError(
            "encoder must have one input of images, (batch, height, width, channels). "
            f"Received: encoder.input_shape={input_shape}"
        )
    if isinstance(output_shape, list | dict) or len(output_shape) != 2 or output_shape[-1] is None:
        raise ValueError(
            "encoder must give one feature vector per image, (batch, features); keras_ssl.backbones.wrap(model) "
            f"pools a feature map. Received: encoder.output_shape={output_shape}"
        )


def check_head(name, head, input_units, output_units=None):
    """Raises a ValueError unless `head`, the argument `name`, is a built model on vectors of `input_units`.

    Args:
        name: str, the argument's name for the messages.
        head: what should be such a model.
        input_units: int, the dimensions of what it is given.
        output_units: optional int, the dimensions that it must give.
    """
    if not isinstance(head, keras.Model) or not head.built:
        raise ValueError(
            f"{name} must be a built keras.Model from features to embeddings, such as "
            f"keras_ssl.backbones.projection_head({input_units}, …). Received: {name}={head!r}"
        )
    if head.input_shape[-1] != input_units:
        raise ValueError(
            f"{name} takes vectors of {head.input_shape[-1]} and is given vectors of {input_units}; build it with "
            f"keras_ssl.backbones.projection_head({input_units}, …). Received: {name}.input_shape={head.input_shape}"
        )
    if output_units is not None and head.output_shape[-1] != output_units:
        raise ValueError(
            f"{name} must give vectors of {output_units}, one number for each thing that it predicts. "
            f"Received: {name}.output_shape={head.output_shape}"
        )


def warn_without_batch_normalization(method, *networks):
    """Warns when a method that relies on batch normalization not to collapse has none in its networks.

    Args:
        method: the method, for its name.
        *networks: its encoder and heads.
    """
    layers = [layer for network in networks for layer in network._flatten_layers(include_self=False)]
    if not any("BatchNorm" in type(layer).__name__ for layer in layers):
        name = type(method).__name__
        warnings.warn(
            f"Without batch normalization in the encoder or a head, {name} tends to give all images the same "
            "features: take keras_ssl.backbones.projection_head and prediction_head, which have it, and watch "
            "keras_ssl.callbacks.CollapseMonitor.",
            stacklevel=4,
        )


def check_positive(name, value):
    """`value` as a float, or a ValueError unless it is above 0."""
    if not value > 0:
        raise ValueError(f"{name} must be positive. Received: {name}={value}")
    return float(value)


def check_choice(name, value, choices):
    """Raises a ValueError unless `value`, the argument `name`, is one of `choices`."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}. Received: {name}={value!r}")


def check_margin(margin):
    """`margin` as a float, or a ValueError unless embeddings of length 1 can be so far apart."""
    if margin >= 2:
        raise ValueError(f"Embeddings have length 1, so no two are farther apart than 2. Received: margin={margin}")
    return check_positive("margin", margin)


def check_decoder(decoder, code_units, image_shape):
    """Raises a ValueError unless `decoder` makes images of `image_shape` from codes of `code_units`."""
    expected = (None, *image_shape)
    if not isinstance(decoder, keras.Model) or not decoder.built:
        raise ValueError(
            f"decoder must be a built keras.Model from codes (batch, {code_units}) to images {expected}, such as "
            f"keras_ssl.backbones.mirror(encoder, channels={expected[-1]}). Received: decoder={decoder!r}"
        )
    if tuple(decoder.input_shape) != (None, code_units):
        raise ValueError(
            f"The decoder is given codes of shape {(None, code_units)} and takes others. "
            f"Received: decoder.input_shape={decoder.input_shape}"
        )
    if tuple(decoder.output_shape) != expected:
        raise ValueError(
            f"The decoder must make images of {expected}, as large as the encoder's, and makes others. "
            f"Received: decoder.output_shape={decoder.output_shape}"
        )


def check_images(shape, dtype, input_shape, minimum_batch, method):
    """Raises a ValueError unless a batch of `shape` and `dtype` can be images for the encoder.

    What is not known while tracing (None) passes.

    Args:
        shape: the batch's shape.
        dtype: its dtype.
        input_shape: the encoder's, (None, height, width, channels).
        minimum_batch: int, the fewest images that a step can learn from.
        method: str, the method's name for the messages.
    """
    shape, dtype = tf.TensorShape(shape), tf.as_dtype(dtype)
    expected = "(batch, " + ", ".join("any" if n is None else str(n) for n in input_shape[1:]) + ")"
    received = f"Received: a batch of shape {shape} and dtype {dtype.name}"
    if dtype.is_complex or dtype in (tf.string, tf.bool):
        raise ValueError(
            f"{method} learns from images as numbers, uint8 or float, in [0, 255]; keras_ssl.data.from_directory "
            f"reads files. {received}"
        )
    if shape.rank is None:
        return
    if shape.rank in (1, 2):
        raise ValueError(
            f"{method} learns from images of shape {expected}. These look like labels: a data set must yield "
            f"`images` or `(images, labels)`, in that order. {received}"
        )
    if shape.rank != 4:
        raise ValueError(
            f"{method} learns from batches of images, {expected}; call .batch(…) on a data set of single images, "
            f"and give grey images a channel axis with images[..., None]. {received}"
        )
    if shape[-1] is not None and shape[-1] != input_shape[-1]:
        raise ValueError(
            f"The encoder was built for {input_shape[-1]} channels, {expected}; build it with the images' shape. "
            f"{received}"
        )
    if shape[0] == 0:
        raise ValueError(f"There are no images to learn from. {received}")
    if shape[0] is not None and shape[0] < minimum_batch:
        raise ValueError(
            f"{method} compares the images of a batch with each other, so a batch needs at least {minimum_batch}; "
            f"use a larger batch_size. {received}"
        )


class LastBatch:
    """Remembers numbers about the last batch of a compiled step, for `FirstBatchCheck` to read them outside.

    Args:
        count: positive int, how many numbers.
    """

    def __init__(self, count):
        # Not a weight: it says nothing of the model, so it is neither saved nor synchronised.
        self._seen = tf.Variable(
            tf.zeros(count),
            trainable=False,
            synchronization=tf.VariableSynchronization.ON_READ,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )

    def note(self, *numbers):
        """Takes down the numbers of a batch, scalar tensors."""
        self._seen.assign(tf.stack([tf.cast(number, tf.float32) for number in numbers]))

    def read(self):
        """The numbers last noted, a list of floats; zeros where nothing was."""
        return self._seen.numpy().tolist()


def pixel_range(images):
    """The size of a batch, its lowest and its highest pixel; of uint8, which is no [0, 1] scale, 0 and 255."""
    if images.dtype == tf.uint8:
        return tf.shape(images)[0], 0.0, 255.0
    if not images.dtype.is_floating:
        # Wider integers can lie outside [0, 255], and a dark batch of them is no [0, 1] scale.
        images = tf.cast(images, tf.float32)
        return tf.shape(images)[0], tf.reduce_min(images), tf.maximum(tf.reduce_max(images), 255.0)
    return tf.shape(images)[0], tf.reduce_min(images), tf.reduce_max(images)


def check_pixels(batch, lowest, highest, minimum_batch, method):
    """Raises a ValueError unless a batch of that size with pixels of that range can be raw images."""
    advice = "Encoders normalise inside, so that training and serving agree: leave rescaling and standardising out"
    received = f"Received: pixels from {lowest:.4g} to {highest:.4g}"
    if np.isnan(lowest) or np.isnan(highest):
        raise ValueError(f"{method} found pixels that are not numbers (NaN). {received}")
    if lowest < 0 or highest > 255:
        raise ValueError(f"{method} expects raw pixels in [0, 255]. {advice}. {SAY_RANGE}. {received}")
    if highest <= 1:
        raise ValueError(
            f"{method} expects raw pixels in [0, 255], and these lie in [0, 1]. {advice}, or multiply by 255. "
            f"{received}"
        )
    if batch < minimum_batch:
        raise ValueError(
            f"{method} compares the images of a batch with each other, so a batch needs at least {minimum_batch}; "
            f"use a larger batch_size. Received: a first batch of {batch:.0f}"
        )


class FirstBatchCheck(keras.callbacks.Callback):
    """Stops a fit or an evaluation after its first batch when nothing can be learned from such batches.

    A compiled step cannot raise an error about values, so it notes them, and they are looked at here.

    Args:
        check: function without arguments that raises a ValueError then.
    """

    def __init__(self, check):
        super().__init__()
        self._check = check
        self._checked = False

    def on_test_begin(self, logs=None):
        """Held-out images are others than those of the training that they interrupt."""
        self._checked = False

    def on_train_batch_end(self, batch, logs=None):
        """Checks the first batch, then nothing more: reading a variable waits for the device."""
        if not self._checked:
            self._check()
            self._checked = True

    on_test_batch_end = on_train_batch_end
