import keras


def check_adversaries(image_shape, generator, discriminator, latent_dim):
    """Raises a ValueError unless the generator draws what the discriminator judges, images of `image_shape`.

    Args:
        image_shape: tuple (height, width, channels).
        generator: what should be a built `keras.Model` from latents to images.
        discriminator: what should be a built `keras.Model` from images to one logit.
        latent_dim: int, the size of a latent, or None for any.
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
            "The generator must draw images of the shape that the discriminator judges; keras_ssl.backbones."
            f"dcgan_generator does for any. Received: generator.output_shape={drawn}, image_shape={image_shape}"
        )
    if discriminator.input_shape[1:] != image_shape or discriminator.output_shape[1:] != (1,):
        raise ValueError(
            f"The discriminator must go from images {(None, *image_shape)} to one logit, (None, 1). "
            f"Received: discriminator.input_shape={discriminator.input_shape}, "
            f"discriminator.output_shape={discriminator.output_shape}, image_shape={image_shape}"
        )
