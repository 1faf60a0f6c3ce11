from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_ssl import backbones
from keras_ssl.checks.arguments import check_count
from keras_ssl.checks.networks import check_adversaries
from keras_ssl.data.map_batches import map_batches
from keras_ssl.losses import discriminator_loss, generator_loss, r1_penalty
from keras_ssl.methods.base import SelfSupervisedModel
from keras_ssl.optimizers.optimizer_group import OptimizerGroup

HALF_PIXEL_RANGE = 127.5
LATENT_DIM = 100  # Radford et al. 2015, figure 1


@keras.saving.register_keras_serializable("keras_ssl")
class DCGAN(SelfSupervisedModel):
    """Trains a generator of images against a discriminator, whose feature maps are the features.

    Radford et al. 2015, "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
    Networks" (https://arxiv.org/abs/1511.06434). As in Goodfellow et al. 2014 (https://arxiv.org/abs/1406.2661,
    algorithm 1) a step is one update of the discriminator D, on a batch of images and one of generated images G(z),
    and then one of the generator G, against the updated D:

        L_D = -E[log D(x)] - E[log(1 - D(G(z)))],    L_G = -E[log D(G(z))]

    The algorithm draws new latents z for the second update. Here both updates have the same, as is common, so G runs
    once in a step. Real and generated images go through D in separate batches, each with its own batch statistics.

    The encoder is `backbones.dcgan_encoder` of D: its feature maps of all sizes, max-pooled, as in section 5.1.

    Logged beside the loss, which is L_D + L_G and need not fall: `discriminator_loss`, `generator_loss`, and
    `real_accuracy` and `fake_accuracy`, how often D is right before its update. `callbacks.GANMonitor` watches them.

    Args:
        image_shape: Tuple `(height, width, channels)`.
        generator: A `keras.Model` from latents `(batch, latent_dim)` to images, raw pixels in [0, 255]. Defaults to
            `backbones.dcgan_generator`.
        discriminator: A functional or sequential `keras.Model` from images to one logit `(batch, 1)`. Defaults to
            `backbones.dcgan_discriminator`.
        latent_dim: Positive integer. The size of z. Defaults to what `generator` takes, or `100`.
        filters: Sequence of positive integers. The channels of both default networks, from large to small maps.
            Defaults to 64, doubled at each halving of the map.
        label_smoothing: Float in [0, 1). D's target for real images is 1 minus this. Defaults to `0.0`, as in the
            paper; 0.1 in Salimans et al. 2016 (https://arxiv.org/abs/1606.03498, section 3.4).
        r1_weight: Non-negative float γ. The weight of `losses.r1_penalty`, for pixels scaled to [-1, 1]. Defaults to
            `0.0`, no penalty; 10 in Mescheder et al. 2018 (https://arxiv.org/abs/1801.04406).
        spectral_normalization: Boolean. Whether the default D has spectral normalization (Miyato et al. 2018,
            https://arxiv.org/abs/1802.05957) instead of batch normalization. Defaults to `False`.
        feature_grid: Positive integer. Cells in height and in width that the encoder pools each map to; the number of
            features grows with its square. Defaults to `4`, as in the paper (section 5.1).
        seed: Integer. With the step it determines every latent of the training. Defaults to `0`.

    Raises:
        ValueError: If an argument is out of its range, a network does not fit the images or the latents, or there are
            settings of default networks that are not used.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 8, 8, 1), dtype="uint8")
    >>> model = keras_ssl.DCGAN((8, 8, 1), filters=(16, 32))
    >>> model.compile()
    >>> history = model.fit(images, batch_size=32, verbose=0)
    >>> model.generate(5).shape
    (5, 8, 8, 1)
    >>> model.predict(images, verbose=0).shape
    (64, 384)
    """

    logged = ("discriminator_loss", "generator_loss", "real_accuracy", "fake_accuracy")

    def __init__(
        self,
        image_shape: Sequence[int],
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        latent_dim: int | None = None,
        *,
        filters: Sequence[int] | None = None,
        label_smoothing: float = 0.0,
        r1_weight: float = 0.0,
        spectral_normalization: bool = False,
        feature_grid: int = 4,
        seed: int = 0,
        **kwargs,
    ):
        _check_settings(generator, discriminator, filters, label_smoothing, r1_weight, spectral_normalization)
        discriminator = discriminator or backbones.dcgan_discriminator(image_shape, filters, spectral_normalization)
        if generator is None:
            latents = LATENT_DIM if latent_dim is None else latent_dim
            generator = backbones.dcgan_generator(image_shape, latents, filters)
        check_adversaries(tuple(image_shape), generator, discriminator, latent_dim)
        super().__init__(backbones.dcgan_encoder(discriminator, feature_grid), seed=seed, **kwargs)
        self.generator = generator
        self.discriminator = discriminator
        self.image_shape = tuple(image_shape)
        self.latent_dim = generator.input_shape[-1]
        self.label_smoothing = float(label_smoothing)
        self.r1_weight = float(r1_weight)
        self.feature_grid = feature_grid

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Algorithm 1 of Goodfellow et al. with one update of each network, and the same latents for both."""
        images = self.augment(self.images(data))
        with tf.GradientTape() as generator_tape:
            fakes = self.generator(self._latents(images, training=True), training=True)
        with tf.GradientTape() as discriminator_tape:
            d_loss, _, logs = self._judge(images, fakes, training=True)
        self.minimize(
            d_loss,
            discriminator_tape,
            self.discriminator.trainable_variables,
            self.discriminator_optimizer,
            ends_step=False,
        )
        with generator_tape:
            g_loss = generator_loss(self.discriminator(fakes, training=True))
        self.minimize(g_loss, generator_tape, self.generator.trainable_variables, self.generator_optimizer)
        return self.report(d_loss + g_loss, {**logs, "generator_loss": g_loss})

    def forward(self, views: tf.Tensor, training: bool) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Both losses on one batch, without an update between them."""
        fakes = self.generator(self._latents(views, training), training=training)
        d_loss, fake_logits, logs = self._judge(views, fakes, training)
        g_loss = generator_loss(fake_logits)
        return d_loss + g_loss, {**logs, "generator_loss": g_loss}

    def _latents(self, images, training):
        return self.draws(training=training).normal(tf.shape(images)[0], self.latent_dim)

    def _judge(self, images, fakes, training):
        """The discriminator's loss, its logits of the generated images, and its accuracy."""
        real_logits, penalty = self._real_logits(images, training)
        fake_logits = self.discriminator(fakes, training=training)
        loss = discriminator_loss(real_logits, fake_logits, self.label_smoothing) + penalty
        return (
            loss,
            fake_logits,
            {
                "discriminator_loss": loss,
                "real_accuracy": tf.reduce_mean(tf.cast(real_logits > 0, tf.float32)),
                "fake_accuracy": tf.reduce_mean(tf.cast(fake_logits < 0, tf.float32)),
            },
        )

    def _real_logits(self, images, training):
        if not self.r1_weight:
            return self.discriminator(images, training=training), 0.0
        with tf.GradientTape() as tape:
            tape.watch(images)
            logits = self.discriminator(images, training=training)
        gradients = HALF_PIXEL_RANGE * tape.gradient(logits, images)
        return logits, self.r1_weight * r1_penalty(gradients)

    # ------------------------------------------------------------------ images

    def generate(self, n: int, seed: int = 0, batch_size: int = 256) -> np.ndarray:
        """Draws new images.

        Args:
            n: Positive integer. The number of images.
            seed: Integer. The same seed gives the same images, and more images begin with the same ones. Defaults to
                `0`.
            batch_size: Positive integer. Images to draw at a time. Defaults to `256`.

        Returns:
            float32 array `(n, height, width, channels)`, raw pixels in [0, 255].

        Raises:
            ValueError: If `n` or `batch_size` is not a positive integer.
        """
        return self.decode(self.latents(n, seed), batch_size)

    def latents(self, n: int, seed: int = 0) -> np.ndarray:
        """Standard normal latents: a float32 array `(n, latent_dim)`, the same for the same seed."""
        check_count("n", n)
        return np.random.default_rng(seed).standard_normal((n, self.latent_dim), dtype="float32")

    def decode(self, latents: np.ndarray, batch_size: int = 256) -> np.ndarray:
        """Generates the images of given latents, such as those between two that `plots.latent_walk` draws.

        Args:
            latents: Float array `(n, latent_dim)`; in training they are standard normal.
            batch_size: Positive integer. Images to draw at a time. Defaults to `256`.

        Returns:
            float32 array `(n, height, width, channels)`, raw pixels in [0, 255].

        Raises:
            ValueError: If there are no latents, or they have another size.
        """
        latents = np.asarray(latents, "float32")
        if latents.ndim != 2 or latents.shape[1] != self.latent_dim:
            raise ValueError(
                f"The generator takes latents of shape (n, {self.latent_dim}). "
                f"Received: latents of shape {latents.shape}"
            )
        return map_batches(lambda batch: self.generator(batch, training=False), latents, batch_size)

    # ------------------------------------------------------------------ Keras

    def compile(
        self,
        generator_optimizer: str | keras.Optimizer | None = None,
        discriminator_optimizer: str | keras.Optimizer | None = None,
        *,
        optimizer: str | keras.Optimizer | None = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
        **kwargs,
    ) -> None:
        """Sets the two optimizers. The method has its own losses.

        `model.optimizer` is then the pair of them, so that Keras' callbacks find both.

        Args:
            generator_optimizer: A `keras.optimizers.Optimizer` or its name. If only one of the three is given, each
                network gets a copy of it. If none is given, both get Adam with learning rate 2e-4 and β₁ = 0.5
                (Radford et al. 2015, section 4).
            discriminator_optimizer: Likewise, but another object.
            optimizer: Likewise, for both networks.
            run_eagerly: Boolean. As in `SelfSupervisedModel.compile`.
            steps_per_execution: Integer. Likewise.
            jit_compile: Likewise.
            auto_scale_loss: Likewise.
            **kwargs: The other arguments of `SelfSupervisedModel.compile`, at their defaults.

        Raises:
            ValueError: If there are three optimizers, or one object as two, if there are losses or metrics, which the
                method has itself, or with `jit_compile=True` on several replicas.
        """
        given = {
            "optimizer": optimizer,
            "generator_optimizer": generator_optimizer,
            "discriminator_optimizer": discriminator_optimizer,
        }
        by_name = dict(zip(("generator_optimizer", "discriminator_optimizer"), _two_optimizers(given), strict=True))
        super().compile(
            None, run_eagerly=run_eagerly, steps_per_execution=steps_per_execution, jit_compile=jit_compile, **kwargs
        )
        self._compile_arguments.pop("optimizer")
        self._compile_arguments.update({**by_name, "auto_scale_loss": auto_scale_loss})
        if auto_scale_loss:
            by_name = {name: self._loss_scaling(optimizer) for name, optimizer in by_name.items()}
        with self.distribute_strategy.scope():
            self.generator_optimizer = by_name["generator_optimizer"]
            self.discriminator_optimizer = by_name["discriminator_optimizer"]
            self.generator_optimizer.build(self.generator.trainable_variables)
            self.discriminator_optimizer.build(self.discriminator.trainable_variables)
            self.optimizer = OptimizerGroup(by_name.values())

    def _loss_scaling(self, optimizer):
        """`optimizer`, with loss scaling under mixed_float16, as Keras does for a single optimizer."""
        if self.dtype_policy.name != "mixed_float16" or isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            return optimizer
        return keras.optimizers.LossScaleOptimizer(optimizer)

    def get_config(self) -> dict:
        """The constructor's arguments; the encoder is built from the discriminator again."""
        config = super().get_config()
        return {
            **{name: value for name, value in config.items() if name not in ("encoder", "augmenter")},
            "image_shape": self.image_shape,
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "label_smoothing": self.label_smoothing,
            "r1_weight": self.r1_weight,
            "feature_grid": self.feature_grid,
        }

    def compile_from_config(self, config: dict) -> None:
        """Compiles as the saved model was, which builds both optimizers, so that their states can be loaded."""
        self.compile(**keras.saving.deserialize_keras_object(config))


def _adam():
    return keras.optimizers.Adam(2e-4, beta_1=0.5)


def _check_settings(generator, discriminator, filters, label_smoothing, r1_weight, spectral_normalization):
    if not 0 <= label_smoothing < 1:
        raise ValueError(f"label_smoothing must be in [0, 1). Received: label_smoothing={label_smoothing}")
    if not r1_weight >= 0:
        raise ValueError(f"r1_weight must be 0 or positive. Received: r1_weight={r1_weight}")
    if discriminator is not None and spectral_normalization:
        raise ValueError(
            "spectral_normalization is for the default discriminator; wrap the layers of your own in "
            f"keras.layers.SpectralNormalization. Received: spectral_normalization={spectral_normalization} and "
            f"discriminator={discriminator!r}"
        )
    if discriminator is not None and generator is not None and filters is not None:
        raise ValueError(
            "filters are only for the default networks, but both networks are given: leave filters out. "
            f"Received: filters={filters}, generator={generator!r} and discriminator={discriminator!r}"
        )


def _two_optimizers(by_name):
    """The optimizers of the two networks, from the arguments of `compile` by name."""
    given = [optimizer for optimizer in by_name.values() if optimizer is not None]
    shared = [optimizer for optimizer in given if isinstance(optimizer, keras.optimizers.Optimizer)]
    if len(given) > (1 if by_name["optimizer"] is not None else 2) or len({*map(id, shared)}) < len(shared):
        received = ", ".join(f"{name}={value!r}" for name, value in by_name.items())
        raise ValueError(
            "DCGAN trains two networks, each with an optimizer of its own: compile(generator_optimizer=…, "
            "discriminator_optimizer=…), compile(optimizer) for two copies of it, or compile() for Adam with "
            f"learning rate 2e-4 and beta_1=0.5. Received: {received}"
        )
    if len(given) == 2:
        return [keras.optimizers.get(optimizer) for optimizer in given]
    first = keras.optimizers.get(given[0]) if given else _adam()
    config = {**first.get_config(), "name": f"{first.name}_of_discriminator"}
    return [first, type(first).from_config(config)]
