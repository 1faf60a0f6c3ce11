import keras
import tensorflow as tf

from keras_ssl import heads
from keras_ssl.augment import Draws
from keras_ssl.checks.arguments import check_count
from keras_ssl.data import map_batches
from keras_ssl.losses import bernoulli_likelihood, gaussian_kl, gaussian_likelihood
from keras_ssl.methods.reconstruction_method import ReconstructionMethod

LIKELIHOODS = {"mse": gaussian_likelihood, "bce": bernoulli_likelihood}


@keras.saving.register_keras_serializable("keras_ssl")
class VariationalAutoencoder(ReconstructionMethod):
    """A code that is a distribution, close to a standard normal one, so that new images can be drawn from it.

    Kingma and Welling 2013, "Auto-Encoding Variational Bayes" (https://arxiv.org/abs/1312.6114): the encoder gives
    mean μ and variance σ² of a Gaussian for each image, the decoder rebuilds the image from z = μ + σ·ε with ε ~ N(0,
    1) (section 2.4), and the loss is the negative evidence lower bound (equation 10)

        −log p(x | z) + β KL( N(μ, σ²) ‖ N(0, 1) )

    per pixel and channel, so that learning rates hold for images of any size. β = 1 is the paper's, more of it asks
    for a simpler code (Higgins et al. 2017, β-VAE, https://openreview.net/forum?id=Sy2fzU9gl).

    For "mse" p is a Gaussian with one variance for all pixels, the one that fits the batch best: Rybkin et al. 2021,
    "Simple and Effective VAE Training with Calibrated Decoders" (https://arxiv.org/abs/2006.13202), where a variance
    fixed at 1 would drown the image in the divergence. For "bce" it is a Bernoulli distribution, as in the first
    paper.

    Logged beside the loss: `reconstruction_error`, in the terms of `reconstruction_loss`; `kl`, the divergence in
    nats per image; and `beta`, what it is weighted with at this step.

    Args:
        encoder: a built `keras.Model` from images (batch, height, width, channels), raw pixels in [0, 255], to
            features (batch, features). Means and variances are a linear map of them.
        latent_dim: positive int, the dimensions of z. Defaults to 32.
        beta: non-negative float, the weight of the divergence. Defaults to 1.
        decoder: a `keras.Model` from (batch, latent_dim) to images, with pixels scaled to [0, 1] ("mse") or their
            logits ("bce"). By default `heads.mirror(encoder, latent_dim)`.
        augmenter: a `keras_ssl.augment.Augmenter`, whose views are then rebuilt. By default none.
        warmup_steps: non-negative int: over these first steps β grows from 0, so that the code is used before it is
            pressed (Bowman et al. 2015, https://arxiv.org/abs/1511.06349, section 3.1). Defaults to 0.
        reconstruction_loss: "mse" or "bce". Defaults to "mse".
        seed: int. With the step it determines every random draw of the training.

    Raises:
        ValueError: for an encoder or a decoder that does not fit, no latent dimension, or a negative weight.

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
        encoder,
        latent_dim=32,
        beta=1.0,
        decoder=None,
        augmenter=None,
        *,
        warmup_steps=0,
        reconstruction_loss="mse",
        seed=0,
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
                # Small: training starts near the prior, where exp(log σ²) cannot overflow.
                keras.layers.Dense(
                    2 * latent_dim,
                    kernel_initializer=keras.initializers.VarianceScaling(0.01),
                    dtype="float32",
                    name="posterior",
                ),
            ]
        )

    def train_step(self, data):
        """One step up the evidence lower bound."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def forward(self, views, training):
        """x → N(μ, σ²) → z → x̂: how unlikely x is given z, and how far z's distribution is from the prior."""
        mean, log_variance = self.latent_distribution(views, training=training)
        noise = self.draws(training=training).normal(tf.shape(mean)[0], self.latent_dim)
        z = mean + tf.exp(0.5 * log_variance) * noise
        outputs = self.decoder(z, training=training)
        kl, beta = gaussian_kl(mean, log_variance), self.current_beta()
        surprise = LIKELIHOODS[self.reconstruction_loss](views / 255.0, outputs)
        return surprise + beta * kl / self.values_per_image, {
            "reconstruction_error": self.reconstruction_error(views, outputs),
            "kl": kl,
            "beta": beta,
        }

    def latent_distribution(self, images, training=False):
        """Mean and log variance, (batch, latent_dim) each, of z given `images`, raw pixels in [0, 255]."""
        return tf.split(self.posterior(self.encoder(images, training=training)), 2, axis=1)

    def current_beta(self):
        """The weight of the divergence at this step."""
        if not self.warmup_steps:
            return tf.constant(self.beta)
        return self.beta * tf.minimum(tf.cast(self.step, tf.float32) / self.warmup_steps, 1.0)

    @property
    def values_per_image(self):
        """Pixels times channels."""
        return tf.TensorShape(self.encoder.input_shape[1:]).num_elements()

    def encode(self, images, training=False):
        """The means of z, (batch, latent_dim), of `images`, raw pixels in [0, 255]."""
        return self.latent_distribution(images, training=training)[0]

    def sample(self, n, seed=0, batch_size=256):
        """New images, from z drawn from the prior.

        Args:
            n: positive int.
            seed: int; the same seed draws the same images.
            batch_size: positive int, images at a time.

        Returns:
            Float32 array (n, height, width, channels), raw pixels in [0, 255].

        Raises:
            ValueError: when `n` is not positive.
        """
        return map_batches(self.decode, self.latents(n, seed), batch_size)

    def latents(self, n, seed=0):
        """Codes drawn from the prior: a float32 array (n, latent_dim), the same for the same seed."""
        check_count("n", n)
        return Draws((seed, 0)).normal(n, self.latent_dim).numpy()

    def get_config(self):
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "latent_dim": self.latent_dim,
            "beta": self.beta,
            "warmup_steps": self.warmup_steps,
        }
