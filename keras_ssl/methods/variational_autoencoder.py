from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_ssl import heads
from keras_ssl.augment import Augmenter, Draws
from keras_ssl.checks.arguments import check_count
from keras_ssl.data.map_batches import map_batches
from keras_ssl.losses import bernoulli_likelihood, gaussian_kl, gaussian_likelihood
from keras_ssl.methods.reconstruction_method import ReconstructionMethod

LIKELIHOODS = {"mse": gaussian_likelihood, "bce": bernoulli_likelihood}


@keras.saving.register_keras_serializable("keras_ssl")
class VariationalAutoencoder(ReconstructionMethod):
    """Learns codes that are distributed like a standard normal, so that new images can be drawn.

    Kingma and Welling 2013, "Auto-Encoding Variational Bayes" (https://arxiv.org/abs/1312.6114): the encoder predicts
    mean μ and variance σ² of a Gaussian for each image, the decoder rebuilds the image from z = μ + σ·ε with ε ~
    N(0, 1) (section 2.4), and the loss is the negative evidence lower bound (equation 10)

        −log p(x | z) + β KL( N(μ, σ²) ‖ N(0, 1) )

    per pixel and channel, so that learning rates hold for images of any size. β = 1 is the paper's, a larger one
    makes the code simpler (Higgins et al. 2017, β-VAE, https://openreview.net/forum?id=Sy2fzU9gl).

    For "mse" p is a Gaussian with one variance for all pixels, the one that fits the batch best: Rybkin et al. 2021,
    "Simple and Effective VAE Training with Calibrated Decoders" (https://arxiv.org/abs/2006.13202), because with a
    variance fixed at 1 the divergence would outweigh the image. For "bce" it is a Bernoulli distribution, as in the
    first paper.

    Logged beside the loss: `reconstruction_error`, as `reconstruction_loss` measures it; `kl`, the divergence in nats
    per image; and `beta`, its weight at this step.

    Args:
        encoder: A built `keras.Model` from images `(batch, height, width, channels)`, raw pixels in [0, 255], to
            features `(batch, features)`. A linear map of them gives means and variances.
        latent_dim: Positive integer. The dimensions of z. Defaults to `32`.
        beta: Non-negative float. The weight of the divergence. Defaults to `1.0`.
        decoder: A `keras.Model` from `(batch, latent_dim)` to images, with pixels scaled to [0, 1] ("mse") or their
            logits ("bce"). Defaults to `heads.mirror(encoder, latent_dim)`.
        augmenter: A `keras_ssl.augment.Augmenter`, whose views are rebuilt. Defaults to `None`: the images as they
            are.
        warmup_steps: Non-negative integer. The first steps, in which β rises from 0, so that the decoder learns to
            use the code before the divergence shrinks it (Bowman et al. 2015, https://arxiv.org/abs/1511.06349,
            section 3.1). Defaults to `0`.
        reconstruction_loss: String. `"mse"` or `"bce"`. Defaults to `"mse"`.
        seed: Integer. With the step it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If the encoder or the decoder does not fit, there is no latent dimension, or a weight is negative.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> model = keras_ssl.VariationalAutoencoder(keras_ssl.backbones.conv_encoder((32, 32, 3)), latent_dim=8)
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    >>> model.sample(4).shape
    (4, 32, 32, 3)
    """

    logged = ("reconstruction_error", "kl", "beta")
    states = ("beta",)

    def __init__(
        self,
        encoder: keras.Model,
        latent_dim: int = 32,
        beta: float = 1.0,
        decoder: keras.Model | None = None,
        augmenter: Augmenter | None = None,
        *,
        warmup_steps: int = 0,
        reconstruction_loss: str = "mse",
        seed: int = 0,
        **kwargs,
    ):
        check_count("latent_dim", latent_dim)
        if reconstruction_loss not in LIKELIHOODS:
            raise ValueError(
                f"reconstruction_loss must be one of {', '.join(map(repr, LIKELIHOODS))}, which belong to a "
                f"distribution of images. Received: reconstruction_loss={reconstruction_loss!r}"
            )
        for name, value in {"beta": beta, "warmup_steps": warmup_steps}.items():
            if not value >= 0:
                raise ValueError(f"{name} must not be negative. Received: {name}={value}")
        super().__init__(
            encoder,
            decoder or heads.mirror(encoder, latent_dim),
            int(latent_dim),
            augmenter,
            reconstruction_loss=reconstruction_loss,
            seed=seed,
            **kwargs,
        )
        self.latent_dim = int(latent_dim)
        self.beta = float(beta)
        self.warmup_steps = int(warmup_steps)
        self.posterior = keras.Sequential(
            [
                keras.Input((encoder.output_shape[-1],)),
                # Small, so that training starts near the prior, where exp(log σ²) cannot overflow.
                keras.layers.Dense(
                    2 * latent_dim,
                    kernel_initializer=keras.initializers.VarianceScaling(0.01),
                    dtype="float32",
                    name="posterior",
                ),
            ]
        )

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step up the gradient of the evidence lower bound."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def forward(self, views: tf.Tensor, training: bool) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Encodes x to N(μ, σ²), draws z, decodes it to x̂, and adds the likelihood term and the divergence."""
        mean, log_variance = self.latent_distribution(views, training=training)
        noise = self.draws(training=training).normal(tf.shape(mean)[0], self.latent_dim)
        z = mean + tf.exp(0.5 * log_variance) * noise
        outputs = self.decoder(z, training=training)
        kl, beta = gaussian_kl(mean, log_variance), self.current_beta()
        negative_log_likelihood = LIKELIHOODS[self.reconstruction_loss](views / 255.0, outputs)
        return negative_log_likelihood + beta * kl / self.values_per_image, {
            "reconstruction_error": self.reconstruction_error(views, outputs),
            "kl": kl,
            "beta": beta,
        }

    def latent_distribution(self, images: tf.Tensor, training: bool = False) -> list[tf.Tensor]:
        """Mean and log variance, `(batch, latent_dim)` each, of z given `images`, raw pixels in [0, 255]."""
        return tf.split(self.posterior(self.encoder(images, training=training)), 2, axis=1)

    def current_beta(self) -> tf.Tensor:
        """The weight of the divergence at this step."""
        if not self.warmup_steps:
            return tf.constant(self.beta)
        return self.beta * tf.minimum(tf.cast(self.step, tf.float32) / self.warmup_steps, 1.0)

    @property
    def values_per_image(self) -> int:
        """Pixels times channels."""
        return tf.TensorShape(self.encoder.input_shape[1:]).num_elements()

    def encode(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """The means of z, `(batch, latent_dim)`, of `images`, raw pixels in [0, 255]."""
        return self.latent_distribution(images, training=training)[0]

    def sample(self, n: int, seed: int = 0, batch_size: int = 256) -> np.ndarray:
        """Draws new images, with z from the prior.

        Args:
            n: Positive integer. The number of images.
            seed: Integer. The same seed draws the same images. Defaults to `0`.
            batch_size: Positive integer. Images at a time. Defaults to `256`.

        Returns:
            Float32 array `(n, height, width, channels)`, raw pixels in [0, 255].

        Raises:
            ValueError: If `n` is not positive.
        """
        return map_batches(self.decode, self.latents(n, seed), batch_size)

    def latents(self, n: int, seed: int = 0) -> np.ndarray:
        """Codes drawn from the prior: a float32 array `(n, latent_dim)`, the same for the same seed."""
        check_count("n", n)
        return Draws((seed, 0)).normal(n, self.latent_dim).numpy()

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "latent_dim": self.latent_dim,
            "beta": self.beta,
            "warmup_steps": self.warmup_steps,
        }
