"""Checks of encoders, heads, decoders and GANs before training starts."""

import warnings
from typing import Any

import keras


def check_encoder(encoder: Any) -> tuple[tuple[int | None, ...], int]:
    """Raise a ValueError unless `encoder` is a built model from a batch of images to features.

    Returns:
        The shape `(height, width, channels)` of its images, with `None` for a side of any length, and the number
        of features.
    """
    if not isinstance(encoder, keras.Model):
        raise ValueError(
            "encoder must be a keras.Model from images to features: one of keras_ssl.backbones, or "
            f"keras_ssl.backbones.wrap(model) around your own. Received: encoder={encoder!r}"
        )
    if isinstance(getattr(encoder, "encoder", None), keras.Model):
        raise ValueError(
            f"encoder is a whole method, but must be its encoder: pass model.encoder. Received: encoder={encoder!r}"
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
            "encoder must have one input of images, (batch, height, width, channels), with a known number of "
            f"channels. Received: encoder.input_shape={input_shape}"
        )
    if isinstance(output_shape, list | dict) or len(output_shape) != 2 or output_shape[-1] is None:
        raise ValueError(
            "encoder must give one feature vector per image, (batch, features); keras_ssl.backbones.wrap(model) "
            f"pools a feature map. Received: encoder.output_shape={output_shape}"
        )
    return input_shape[1:], output_shape[-1]


def check_head(name: str, head: Any, input_units: int, output_units: int | None = None) -> None:
    """Raise a ValueError unless `head` is a built model from vectors of `input_units`.

    Args:
        name: String. Name of the argument, for the messages.
        head: The argument, which should be a built `keras.Model`.
        input_units: Integer. Size of the input vectors.
        output_units: Integer. Size that the output must have. `None` allows any. Defaults to `None`.
    """
    if not isinstance(head, keras.Model) or not head.built:
        raise ValueError(
            f"{name} must be a built keras.Model from features to embeddings, such as "
            f"keras_ssl.heads.projection_head({input_units}, …). Received: {name}={head!r}"
        )
    if head.input_shape[-1] != input_units:
        raise ValueError(
            f"{name} takes vectors of {head.input_shape[-1]} and is given vectors of {input_units}; build it with "
            f"keras_ssl.heads.projection_head({input_units}, …). Received: {name}.input_shape={head.input_shape}"
        )
    if output_units is not None and head.output_shape[-1] != output_units:
        raise ValueError(
            f"{name} must give vectors of {output_units}, one number for each prediction. "
            f"Received: {name}.output_shape={head.output_shape}"
        )


def warn_without_batch_normalization(method: object, *networks: keras.Model) -> None:
    """Warn if no network of a method has batch normalization, which prevents its collapse.

    Args:
        method: The method. The warning names its class.
        *networks: The encoder and heads, each a `keras.Model`.
    """
    layers = [layer for network in networks for layer in network._flatten_layers(include_self=False)]
    if not any("BatchNorm" in type(layer).__name__ for layer in layers):
        name = type(method).__name__
        warnings.warn(
            f"Without batch normalization in the encoder or a head, {name} tends to give all images the same "
            "features. Use keras_ssl.heads.projection_head and prediction_head, which have it, and the callback "
            "keras_ssl.callbacks.CollapseMonitor.",
            stacklevel=4,
        )


def check_decoder(decoder: Any, code_units: int, image_shape: tuple[int | None, ...]) -> None:
    """Raise a ValueError unless `decoder` makes images of `image_shape` from codes of `code_units`."""
    expected = (None, *image_shape)
    if not isinstance(decoder, keras.Model) or not decoder.built:
        raise ValueError(
            f"decoder must be a built keras.Model from codes (batch, {code_units}) to images {expected}, such as "
            f"keras_ssl.heads.mirror(encoder, channels={expected[-1]}). Received: decoder={decoder!r}"
        )
    if tuple(decoder.input_shape) != (None, code_units):
        raise ValueError(
            f"The decoder is given codes of shape {(None, code_units)}, but takes another shape. "
            f"Received: decoder.input_shape={decoder.input_shape}"
        )
    if tuple(decoder.output_shape) != expected:
        raise ValueError(
            f"The decoder must make images of {expected}, as large as the encoder's, but makes another shape. "
            f"Received: decoder.output_shape={decoder.output_shape}"
        )


def check_adversaries(
    image_shape: tuple[int | None, ...], generator: Any, discriminator: Any, latent_dim: int | None
) -> None:
    """Raise a ValueError unless the generator makes, and the discriminator takes, images of `image_shape`.

    Args:
        image_shape: Tuple `(height, width, channels)`.
        generator: The argument, which should be a built `keras.Model` from latent vectors to images.
        discriminator: The argument, which should be a built `keras.Model` from images to one logit.
        latent_dim: Integer or `None`. Size of a latent vector. `None` allows any.
    """
    for name, network in (("generator", generator), ("discriminator", discriminator)):
        if not isinstance(network, keras.Model) or not network.built:
            raise ValueError(f"{name} must be a built keras.Model. Received: {name}={network!r}")
    latents, drawn = generator.input_shape, generator.output_shape
    if len(latents) != 2 or latent_dim not in (None, latents[-1]):
        raise ValueError(
            "The generator must take one vector of latent_dim numbers per image. "
            f"Received: generator.input_shape={latents}, latent_dim={latent_dim}"
        )
    if drawn[1:] != image_shape:
        raise ValueError(
            "The generator must draw images of the shape that the discriminator takes, as "
            "keras_ssl.backbones.dcgan_generator(image_shape) does. "
            f"Received: generator.output_shape={drawn}, image_shape={image_shape}"
        )
    if discriminator.input_shape[1:] != image_shape or discriminator.output_shape[1:] != (1,):
        raise ValueError(
            f"The discriminator must go from images {(None, *image_shape)} to one logit, (None, 1). "
            f"Received: discriminator.input_shape={discriminator.input_shape}, "
            f"discriminator.output_shape={discriminator.output_shape}, image_shape={image_shape}"
        )
