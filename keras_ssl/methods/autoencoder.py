import functools
from typing import Any

import keras
import tensorflow as tf

from keras_ssl import augment, heads
from keras_ssl.augment import Augmenter
from keras_ssl.losses import contractive_penalty, kl_sparsity, l1_sparsity
from keras_ssl.methods.reconstruction_method import ReconstructionMethod

NOISES = {"gaussian": augment.RandomNoise, "masking": augment.RandomMasking}
SPARSITIES = {"l1": l1_sparsity, "kl": kl_sparsity}
# The noise has the random numbers of a second view, the directions those of a third.
NOISE_VIEW, DIRECTIONS_STREAM = 1, 1


@keras.saving.register_keras_serializable("keras_ssl")
class Autoencoder(ReconstructionMethod):
    """Learns a code of few numbers from which the image can be rebuilt.

    Hinton and Salakhutdinov 2006, "Reducing the Dimensionality of Data with Neural Networks"
    (https://doi.org/10.1126/science.1127647): with an encoder E and a decoder D, E‖x − D(E(x))‖² is minimized. The
    code is smaller than the image, so it must keep what the images have in common. The options keep a large code from
    copying the image:

    - `denoise`: the encoder sees a corrupted image and the decoder must rebuild the clean one (Vincent et al. 2008,
      https://doi.org/10.1145/1390156.1390294);
    - `sparsity`: few units of the code are active (Ng 2011, see `losses.kl_sparsity`);
    - `contractive_weight`: the code changes little when the image does (Rifai et al. 2011,
      `losses.contractive_penalty`).

    Logged beside the loss: `reconstruction_error`, as `reconstruction_loss` measures it, and `penalty`, what sparsity
    and contraction add to it.

    Args:
        encoder: A built `keras.Model` from images `(batch, height, width, channels)`, raw pixels in [0, 255], to
            codes `(batch, features)`, such as `backbones.conv_encoder`, or `backbones.mlp(…, linear_output=True)`.
        decoder: A `keras.Model` from codes to images of the same shape, with pixels scaled to [0, 1] ("mse", "ssim")
            or their logits ("bce"). Defaults to `heads.mirror(encoder)`.
        augmenter: A `keras_ssl.augment.Augmenter`, whose views are rebuilt. Defaults to `None`: the images as they
            are.
        reconstruction_loss: String. `"mse"`, the squared error; `"bce"`, for black and white images; or `"ssim"`, 1 −
            structural similarity. Defaults to `"mse"`.
        denoise: `None`, `"gaussian"`, `"masking"`, or a layer or `Augmenter` that corrupts images. Defaults to
            `None`.
        sparsity: `None`, `"l1"` or `"kl"`. Defaults to `None`.
        sparsity_weight: Non-negative float. Defaults to `1e-3`.
        sparsity_target: Float in (0, 1). For `"kl"`, the share of images for which a unit is active. Defaults to
            `0.05`.
        contractive_weight: Non-negative float. Defaults to `0.0`, no penalty. With it a step takes a second
            derivative of the encoder.
        seed: Integer. With the step it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If the encoder or the decoder does not fit, or there is no such option.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 28, 28, 1), dtype="uint8")
    >>> encoder = keras_ssl.backbones.mlp((28, 28, 1), units=(32,), linear_output=True)  # 784-32-784
    >>> model = keras_ssl.Autoencoder(encoder)
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    >>> model.predict(images, verbose=0).shape, model.reconstruct(images).shape
    ((64, 32), (64, 28, 28, 1))
    """

    logged = ("reconstruction_error", "penalty")

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model | None = None,
        augmenter: Augmenter | None = None,
        *,
        reconstruction_loss: str = "mse",
        denoise: str | keras.layers.Layer | None = None,
        sparsity: str | None = None,
        sparsity_weight: float = 1e-3,
        sparsity_target: float = 0.05,
        contractive_weight: float = 0.0,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(
            encoder,
            decoder or heads.mirror(encoder),
            encoder.output_shape[-1],
            augmenter,
            reconstruction_loss=reconstruction_loss,
            seed=seed,
            **kwargs,
        )
        _check_options(sparsity, sparsity_weight, sparsity_target, contractive_weight)
        self.denoise = _as_noise(denoise)
        self.sparsity = sparsity
        self.sparsity_weight = float(sparsity_weight)
        self.sparsity_target = float(sparsity_target)
        self.contractive_weight = float(contractive_weight)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Rebuilds the images, and takes a step down the gradient of the error."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def forward(self, views: tf.Tensor, training: bool) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Encodes x to E(x), decodes it to D(E(x)), compares that with x, and adds the penalties."""
        code = self.encode(self.corrupt(views, training), training=training)
        error = self.reconstruction_error(views, self.decoder(code, training=training))
        penalty = self.penalty(views, code, training)
        return error + penalty, {"reconstruction_error": error, "penalty": penalty}

    def corrupt(self, images: tf.Tensor, training: bool) -> tf.Tensor:
        """The images that the encoder sees: with noise, if there is `denoise`."""
        if self.denoise is None:
            return images
        return self.draw_view(self.denoise, images, NOISE_VIEW, training)

    def penalty(self, images: tf.Tensor, code: tf.Tensor, training: bool) -> tf.Tensor:
        """What sparsity and contraction add to the loss."""
        penalty = tf.zeros(())
        if self.sparsity is not None:
            penalty += self.sparsity_weight * SPARSITIES[self.sparsity](code, self.sparsity_target)
        if self.contractive_weight:
            directions = self.draws(DIRECTIONS_STREAM, training).normal(tf.shape(code)[0], code.shape[-1])
            encode = functools.partial(self.encode, training=training)
            penalty += self.contractive_weight * contractive_penalty(encode, images, directions)
        return penalty

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "denoise": keras.saving.serialize_keras_object(self.denoise),
            "sparsity": self.sparsity,
            "sparsity_weight": self.sparsity_weight,
            "sparsity_target": self.sparsity_target,
            "contractive_weight": self.contractive_weight,
        }


def _as_noise(denoise):
    """The augmenter for `denoise`."""
    if denoise is None or isinstance(denoise, augment.Augmenter):
        return denoise
    if isinstance(denoise, keras.layers.Layer):
        return augment.compose([denoise])
    if denoise not in NOISES:
        raise ValueError(
            f"denoise must be None, {', '.join(map(repr, NOISES))}, or a layer that corrupts images, such as "
            f"keras_ssl.augment.RandomNoise(25). Received: denoise={denoise!r}"
        )
    return augment.compose([NOISES[denoise]()])


def _check_options(sparsity, sparsity_weight, sparsity_target, contractive_weight):
    if sparsity is not None and sparsity not in SPARSITIES:
        raise ValueError(
            f"sparsity must be None or one of {', '.join(map(repr, SPARSITIES))}. Received: sparsity={sparsity!r}"
        )
    if not 0 < sparsity_target < 1:
        raise ValueError(f"sparsity_target must lie in (0, 1). Received: sparsity_target={sparsity_target}")
    for name, weight in {"sparsity_weight": sparsity_weight, "contractive_weight": contractive_weight}.items():
        if not weight >= 0:
            raise ValueError(f"{name} must not be negative. Received: {name}={weight}")
