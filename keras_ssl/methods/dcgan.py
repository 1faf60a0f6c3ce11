import keras
import numpy as np
import tensorflow as tf

from keras_ssl import backbones
from keras_ssl.checks.arguments import check_count
from keras_ssl.checks.networks import check_adversaries
from keras_ssl.data import map_batches
from keras_ssl.losses import discriminator_loss, generator_loss, r1_penalty
from keras_ssl.methods.base import SelfSupervisedModel
from keras_ssl.optimizers.optimizer_group import OptimizerGroup

HALF_PIXEL_RANGE = 127.5
LATENT_DIM = 100  # Radford et al. 2015, figure 1


@keras.saving.register_keras_serializable("keras_ssl")
class DCGAN(SelfSupervisedModel):
    """A generator learns to draw images that a discriminator takes for real; the discriminator's maps are features.

    Radford et al. 2015, "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
    Networks" (https://arxiv.org/abs/1511.06434). In the game of Goodfellow et al. 2014
    (https://arxiv.org/abs/1406.2661, algorithm 1) a step is one update of the discriminator D, on a batch of images
    and one of generated images G(z), and then one of the generator G, against the D that has just learned:

        L_D = -E[log D(x)] - E[log(1 - D(G(z)))],    L_G = -E[log D(G(z))]

    The algorithm draws new latents z for the second update. Here both updates have the same, as is common, so that G
    runs once a step. Real and generated images pass D in batches of their own, each with its own batch statistics.

    The encoder is `backbones.dcgan_encoder` of D: its feature maps of all sizes, max-pooled, as in section 5.1.

    Logged beside the loss, which is L_D + L_G and need not fall: `discriminator_loss`, `generator_loss`, and
    `real_accuracy` and `fake_accuracy`, how often D is right, before its update. `callbacks.GANMonitor` watches them.

    Args:
        image_shape: tuple (height, width, channels).
        generator: a `keras.Model` from latents (batch, latent_dim) to images, raw pixels in [0, 255]. By default
            `backbones.dcgan_generator`.
        discriminator: a functional or sequential `keras.Model` from images to one logit (batch, 1). By default
            `backbones.dcgan_discriminator`.
        latent_dim: positive int, the size of z. By default what `generator` takes, or 100.
        filters: sequence of positive ints, the channels of both networks where they are built here, from large to
            small maps. By default 64, doubled at each halving of the map.
        label_smoothing: float in [0, 1): what D's target for real images lacks of 1. Defaults to 0.0, as in the
            paper; 0.1 in Salimans et al. 2016 (https://arxiv.org/abs/1606.03498, section 3.4).
        r1_weight: float γ >= 0 of `losses.r1_penalty`, for pixels scaled to [-1, 1]. Defaults to 0.0, which leaves
            it out; 10 in Mescheder et al. 2018 (https://arxiv.org/abs/1801.04406).
        spectral_normalization: bool, whether the D that is built here has spectral normalization (Miyato et al. 2018,
            https://arxiv.org/abs/1802.05957) in place of batch normalization. Defaults to False.
        feature_grid: positive int: the encoder pools each map to so many cells in height and width, and has features
            by its square. Defaults to 4, as in the paper (section 5.1).
        seed: int. With the step it determines every latent of the training.

    Raises:
        ValueError: for an argument out of its range, for a network that does not fit the images or the latents, and
            for settings of networks that are not built here.

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
        image_shape,
        generator=None,
        discriminator=None,
        latent_dim=None,
        *,
        filters=None,
        label_smoothing=0.0,
        r1_weight=0.0,
        spectral_normalization=False,
        feature_grid=4,
        seed=0,
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

    def train_step(self, data):
        """Algorithm 1 of Goodfellow et al. with one discriminator update a step, and the same latents for both."""
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

    def forward(self, views, training):
        """Both losses on one batch, without an update between them."""
        fakes = self.generator(self._latents(views, training), training=training)
        d_loss, fake_logits, logs = self._judge(views, fakes, training)
        g_loss = generator_loss(fake_logits)
        return d_loss + g_loss, {**logs, "generator_loss": g_loss}

    def _latents(self, images, training):
        return self.draws(training=training).normal(tf.shape(images)[0], self.latent_dim)

    def _judge(self, images, fakes, training):
        """The discriminator's loss on real and generated images, what it says of these, and how often it is right."""
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

    def generate(self, n, seed=0, batch_size=256):
        """New images.

        Args:
            n: positive int, how many.
            seed: int; the same seed gives the same images, and more of them begin with the fewer. Defaults to 0.
            batch_size: positive int, images to draw at once. Defaults to 256.

        Returns:
            float32 array (n, height, width, channels), raw pixels in [0, 255].

        Raises:
            ValueError: when `n` or `batch_size` is not a positive integer.
        """
        return self.decode(self.latents(n, seed), batch_size)

    def latents(self, n, seed=0):
        """Standard normal latents: a float32 array (n, latent_dim), the same for the same seed."""
        check_count("n", n)
        return np.random.default_rng(seed).standard_normal((n, self.latent_dim), dtype="float32")

    def decode(self, latents, batch_size=256):
        """The images of given latents, such as the way from one to another that `plots.latent_walk` draws.

        Args:
            latents: float array (n, latent_dim); in training they are standard normal.
            batch_size: positive int, images to draw at once. Defaults to 256.

        Returns:
            float32 array (n, height, width, channels), raw pixels in [0, 255].

        Raises:
            ValueError: when there are no latents, or they have another size.
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
        generator_optimizer=None,
        discriminator_optimizer=None,
        *,
        optimizer=None,
        run_eagerly=False,
        steps_per_execution=1,
        jit_compile="auto",
        auto_scale_loss=True,
        **kwargs,
    ):
        """Sets the two optimizers. The losses are the method's own.

        `model.optimizer` then stands for both, so that Keras' callbacks find them.

        Args:
            generator_optimizer: a `keras.optimizers.Optimizer` or its name. Of the three one alone is for both
                networks, each with a copy of its own; none of them is Adam with learning rate 2e-4 and β₁ = 0.5
                (Radford et al. 2015, section 4).
            discriminator_optimizer: likewise, another object.
            optimizer: likewise, for both.
            run_eagerly: bool, as in `SelfSupervisedModel.compile`.
            steps_per_execution: int, likewise.
            jit_compile: likewise.
            auto_scale_loss: likewise.
            **kwargs: the other arguments of `SelfSupervisedModel.compile`, at their defaults.

        Raises:
            ValueError: for three optimizers or one object as two, for losses or metrics, which the method has
                itself, or for `jit_compile=True` with several replicas.
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
        """`optimizer`, under mixed_float16 with the loss scaling that Keras gives to a model's only one."""
        if self.dtype_policy.name != "mixed_float16" or isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            return optimizer
        return keras.optimizers.LossScaleOptimizer(optimizer)

    def get_config(self):
        """The constructor's arguments; the encoder is made of the discriminator again."""
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

    def compile_from_config(self, config):
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
            "Spectral normalization is built into the default discriminator; wrap the layers of your own in "
            f"keras.layers.SpectralNormalization. Received: spectral_normalization={spectral_normalization} and "
            f"discriminator={discriminator!r}"
        )
    if discriminator is not None and generator is not None and filters is not None:
        raise ValueError(
            "filters are of networks that are built here, and both are given. "
            f"Received: filters={filters}, generator={generator!r} and discriminator={discriminator!r}"
        )


def _two_optimizers(by_name):
    """The optimizers of the two networks, of those given by their names as arguments of `compile`."""
    given = [optimizer for optimizer in by_name.values() if optimizer is not None]
    shared = [optimizer for optimizer in given if isinstance(optimizer, keras.optimizers.Optimizer)]
    if len(given) > (1 if by_name["optimizer"] is not None else 2) or len({*map(id, shared)}) < len(shared):
        received = ", ".join(f"{name}={value!r}" for name, value in by_name.items())
        raise ValueError(
            "DCGAN trains two networks, each with an optimizer of its own: compile(generator_optimizer=…, "
            "discriminator_optimizer=…), compile(optimizer) for two like that one, or compile() for Adam with "
            f"learning rate 2e-4 and beta_1=0.5. Received: {received}"
        )
    if len(given) == 2:
        return [keras.optimizers.get(optimizer) for optimizer in given]
    first = keras.optimizers.get(given[0]) if given else _adam()
    config = {**first.get_config(), "name": f"{first.name}_of_discriminator"}
    return [first, type(first).from_config(config)]
