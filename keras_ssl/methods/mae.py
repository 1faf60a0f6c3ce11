from typing import Any

import keras
import tensorflow as tf

from keras_ssl.augment import Augmenter, Draws
from keras_ssl.layers.transformer import PatchTokens, from_patches, sincos_positions, to_patches, transformer
from keras_ssl.losses import masked_patch_error, patch_statistics
from keras_ssl.methods.masked_image_method import MaskedImageMethod, masked_count


@keras.saving.register_keras_serializable("keras_ssl")
class MAE(MaskedImageMethod):
    """Masked autoencoder: a vision transformer sees a quarter of the patches, and a small decoder predicts the rest.

    He et al. 2021, "Masked Autoencoders Are Scalable Vision Learners" (https://arxiv.org/abs/2111.06377), section 3:
    the patches of each image are shuffled and the last `mask_ratio` of them left out, so the encoder only processes
    the visible ones. A decoder of a few blocks gets the encoded patches and, for each masked one, the same learned
    token plus its position, and predicts the pixels there. The loss is `keras_ssl.losses.masked_patch_error`. The
    decoder is discarded after training.

    The decoder's tokens stay in shuffled order, and their positions are shuffled instead. Attention does not depend
    on the order, so nothing has to be unshuffled before the loss.

    Args:
        encoder: A `keras_ssl.backbones.vit`.
        augmenter: A `keras_ssl.augment.Augmenter`. Defaults to `None`: the images as they are. The paper has
            `augment.crops`, a random crop and flip.
        mask_ratio: Float in (0, 1). The share of the patches that is masked. Defaults to `0.75`, as in the paper
            (figure 5).
        decoder_width: Positive integer, a multiple of 4. The channels of the decoder's tokens. Defaults to `512`, as
            in the paper.
        decoder_depth: Positive integer. The decoder's blocks. Defaults to `8`, as in the paper (table 1a).
        decoder_heads: Positive integer that divides `decoder_width`. The decoder's attention heads. Defaults to `16`,
            as in the official code.
        normalize_targets: Boolean. Whether each patch's pixels are standardized before they are compared, which gives
            better features in the paper (table 1d). Defaults to `True`.
        seed: Integer. With the step it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If the encoder is not a `backbones.vit`, the ratio is not in (0, 1) or leaves no patch visible or
            masked, patches of a single number are to be normalized, or the decoder's sizes are not possible.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> encoder = keras_ssl.backbones.vit((32, 32, 3), patch_size=4, size="tiny", depth=2)
    >>> model = keras_ssl.MAE(encoder, decoder_width=64, decoder_depth=1, decoder_heads=2)
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    >>> model.reconstruct(images).shape
    (64, 32, 32, 3)
    """

    def __init__(
        self,
        encoder: keras.Model,
        augmenter: Augmenter | None = None,
        *,
        mask_ratio: float = 0.75,
        decoder_width: int = 512,
        decoder_depth: int = 8,
        decoder_heads: int = 16,
        normalize_targets: bool = True,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(encoder, augmenter, seed=seed, **kwargs)
        _check_vit(encoder)
        patch_tokens = encoder.get_layer("patch_tokens")
        _, patches, width = patch_tokens.output.shape
        self.image_shape = encoder.input_shape[1:]
        self.patch_size = patch_tokens.patch_size
        pixels = self.patch_size**2 * self.image_shape[-1]
        if normalize_targets and pixels < 2:
            raise ValueError(
                "A patch of one number has no standard deviation to divide by: take a larger patch_size, or "
                f"normalize_targets=False. Received: patch_size={self.patch_size} on images of one channel"
            )
        self.mask_ratio = float(mask_ratio)
        self.masked_patches = masked_count(mask_ratio, patches)
        self.visible_patches = patches - self.masked_patches
        self.normalize_targets = bool(normalize_targets)

        self.decoder_width, self.decoder_depth, self.decoder_heads = decoder_width, decoder_depth, decoder_heads
        rows, columns = (side // self.patch_size for side in self.image_shape[:2])
        self.positions = sincos_positions(rows, columns, decoder_width)
        self.decoder = transformer(decoder_width, decoder_depth, decoder_heads, name="decoder")
        self.decoder_embedding = keras.layers.Dense(decoder_width, name="decoder_embedding")
        self.decoder_embedding.build((None, None, width))
        self.mask_token = self.add_weight(
            name="mask_token",
            shape=(decoder_width,),
            initializer=keras.initializers.RandomNormal(stddev=0.02),  # as in the official code
        )
        self.pixel_head = keras.layers.Dense(pixels, dtype="float32", name="pixel_head")
        self.pixel_head.build((None, None, decoder_width))

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Section 3 of the paper, "Simple implementation"."""
        images = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(images, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def forward(self, views: tf.Tensor, training: bool) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Encodes the visible patches, and compares the pixels of the masked ones with the decoder's prediction."""
        pixels = self.encoder.get_layer("rescaling")(views)
        visible, masked = self._shuffle(pixels, self.draws(training=training))
        predictions = self._decode(self._encode(pixels, visible, training), visible, masked, training)
        patches = to_patches(pixels, self.patch_size)
        return masked_patch_error(predictions, patches, masked, self.normalize_targets), {}

    def fill_in(self, pixels: tf.Tensor, draws: Draws, predict: bool) -> tf.Tensor:
        """Masks patches, and predicts their pixels.

        With normalized targets the model does not predict the mean and the deviation of a patch. They are those of
        the true patch then, as in the paper's figures.
        """
        pixels = self.encoder.get_layer("rescaling")(pixels)
        visible, masked = self._shuffle(pixels, draws)
        patches = to_patches(pixels, self.patch_size)
        hidden = tf.gather(patches, masked, batch_dims=1)
        filling = tf.zeros_like(hidden)
        if predict:
            filling = self._decode(self._encode(pixels, visible, False), visible, masked, False)
            if self.normalize_targets:
                mean, deviation = patch_statistics(hidden)
                filling = filling * deviation + mean
        shuffled = tf.concat([tf.gather(patches, visible, batch_dims=1), filling], axis=1)
        unshuffle = tf.argsort(tf.concat([visible, masked], axis=1))
        patches = tf.gather(shuffled, unshuffle, batch_dims=1)
        return (from_patches(patches, self.patch_size, self.image_shape) + 1) * 127.5

    def _shuffle(self, pixels, draws):
        """Random indices of the patches that stay visible, and of those that are masked."""
        noise = draws.uniform(tf.shape(pixels)[0], self.visible_patches + self.masked_patches)
        return tf.split(tf.argsort(noise), [self.visible_patches, self.masked_patches], axis=1)

    def _encode(self, pixels, visible, training):
        """The encoder's tokens of the visible patches, after its class token if it has one."""
        tokens = tf.gather(self.encoder.get_layer("patch_tokens")(pixels), visible, batch_dims=1)
        return self.encoder.get_layer("transformer")(tokens, training=training)

    def _decode(self, encoded, visible, masked, training):
        """The pixels of the masked patches, `(batch, masked, pixels)`."""
        class_tokens = encoded.shape[1] - self.visible_patches  # has no place in the image, so no position either
        known_positions = tf.pad(tf.gather(self.positions, visible), [(0, 0), (class_tokens, 0), (0, 0)])
        known = tf.cast(self.decoder_embedding(encoded), tf.float32) + known_positions
        asked = self.mask_token + tf.gather(self.positions, masked)
        decoded = self.decoder(tf.concat([known, asked], axis=1), training=training)
        return self.pixel_head(decoded[:, -self.masked_patches :])

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "mask_ratio": self.mask_ratio,
            "decoder_width": self.decoder_width,
            "decoder_depth": self.decoder_depth,
            "decoder_heads": self.decoder_heads,
            "normalize_targets": self.normalize_targets,
        }


def _check_vit(encoder):
    layers = {layer.name: layer for layer in encoder.layers}
    if not isinstance(layers.get("patch_tokens"), PatchTokens) or "transformer" not in layers:
        raise ValueError(
            "MAE encodes only the visible patches, which takes a transformer on patches: build the encoder with "
            "keras_ssl.backbones.vit; for a convolutional encoder there is keras_ssl.SimMIM. "
            f"Received: encoder={encoder!r}, which has no layers patch_tokens and transformer"
        )
