import math

import keras
import tensorflow as tf

from keras_ssl import augment, distribute
from keras_ssl.augment import Augmenter
from keras_ssl.backbones.copies import copied
from keras_ssl.checks.arguments import check_positive
from keras_ssl.data.epoch_order import EpochOrder
from keras_ssl.evaluate.image_batches import ImageBatches
from keras_ssl.optimizers import LayerDecay, scaled_cosine
from keras_ssl.optimizers.learning_rates import REFERENCE_BATCH_SIZE
from keras_ssl.progress import Stage
from keras_ssl.transfer.view_trainer import Objective, ViewTrainer

# BiT-HyperRule (Kolesnikov et al. 2020, https://arxiv.org/abs/1912.11370, section 3.3): 500 steps for fewer than
# 20 000 labelled images, and more for more.
MINIMUM_STEPS = 500
MINIMUM_EPOCHS = 10
# As in the recipes of this package: the warm-up takes a tenth of the steps of a short run.
WARMUP_SHARE = 0.1


def train_classifier(
    encoder: keras.Model,
    head: keras.Sequential,
    images: tf.data.Dataset,
    objective: Objective,
    *,
    augmenter: Augmenter | None,
    epochs: int | None,
    warmup_epochs: float | None,
    learning_rate: float,
    layer_decay: float,
    weight_decay: float,
    seed: int,
    verbose: int,
) -> keras.Sequential:
    """Train a copy of an encoder and a head with AdamW, a linear warm-up and a cosine decay to zero.

    Args:
        encoder: A built `keras.Model` from images to features. It is not changed: a copy is trained.
        head: A `softmax_head` on the features. It is trained itself, not a copy.
        images: A `tf.data.Dataset` of known length, of batches of `images` or `(images, labels)`, already shuffled.
        objective: As for `ViewTrainer`.
        augmenter: A `keras_ssl.augment.Augmenter`, or None for random crops of at least half the image, with
            horizontal flips if images are RGB. Flips would change what others mean, such as digits.
        epochs: Positive integer, or None for 500 steps, but at least ten epochs.
        warmup_epochs: Float below `epochs`. The learning rate rises from 0 over so many epochs; None means a tenth of
            them.
        learning_rate: Positive float. The highest learning rate, which the head gets.
        layer_decay: Float in (0, 1]. See `keras_ssl.optimizers.LayerDecay`.
        weight_decay: Float of at least 0. Decoupled weight decay.
        seed: Integer. It determines the views.
        verbose: Integer. 0 for no output, 1 for a progress bar over the epochs.

    Returns:
        A `keras.Sequential` of the copy and the head, from images to probabilities.

    Raises:
        ValueError: If an argument is out of its range, or views have another size than the encoder takes.
    """
    *image_size, channels = ImageBatches(images).image_shape
    if augmenter is None:
        augmenter = augment.crops(image_size, scale=(0.5, 1.0), flip_probability=0.5 if channels == 3 else 0.0)
    _check_view_size(getattr(augmenter, "image_size", None), encoder.input_shape)
    steps = len(images)
    epochs = max(MINIMUM_EPOCHS, math.ceil(MINIMUM_STEPS / steps)) if epochs is None else epochs
    warmup_epochs = WARMUP_SHARE * epochs if warmup_epochs is None else warmup_epochs
    _check_epochs(epochs, warmup_epochs)
    schedule = scaled_cosine(
        check_positive("learning_rate", learning_rate),
        REFERENCE_BATCH_SIZE,  # so that the learning rate is not scaled by the batch size
        total_steps=epochs * steps,
        warmup_steps=round(warmup_epochs * steps),
    )
    optimizer = LayerDecay(keras.optimizers.AdamW(schedule, weight_decay=weight_decay), layer_decay)

    encoder = copied(encoder)
    encoder.trainable = True
    layers = list(encoder._flatten_layers())
    for layer in layers:
        if hasattr(layer, "moving_variance"):
            # So few steps would hardly change the statistics with Keras' 0.99. SimCLR's momentum (appendix B.8).
            layer.momentum = max(1 - 10 / steps, 0.9)
    if any(layer.compute_dtype == "float16" for layer in layers):
        # Keras looks only at the global dtype policy, which may differ from the encoder's.
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    logits = keras.Sequential([keras.Input(encoder.input_shape[1:]), encoder, head.get_layer("logits")])
    trainer = ViewTrainer(logits, augmenter, objective, seed)
    trainer.compile(optimizer)
    batches = distribute.transferable(images, trainer.distribute_strategy)
    callbacks = [EpochOrder(images), *([_EpochsBar()] if verbose else [])]
    trainer.fit(batches, epochs=epochs, shuffle=False, callbacks=callbacks, verbose=0)
    return keras.Sequential([keras.Input(encoder.input_shape[1:], name="images"), encoder, head], name="classifier")


class _EpochsBar(keras.callbacks.Callback):
    """One progress bar over all epochs, because few images make many short epochs."""

    def on_train_begin(self, logs=None):
        """Start the bar."""
        self._stage = Stage("training with labels", self.params["epochs"], unit="epochs")
        self._stage.__enter__()

    def on_epoch_end(self, epoch, logs=None):
        """Advance the bar."""
        self._stage.advance(1)

    def on_train_end(self, logs=None):
        """End the bar."""
        self._stage.__exit__(None, None, None)


def _check_view_size(size, input_shape):
    if size is not None and input_shape[1:3] not in (tuple(size), (None, None)):
        raise ValueError(
            "augmenter must make views of the size that the encoder takes. "
            f"Received: augmenter.image_size={size}, encoder.input_shape={input_shape}"
        )


def _check_epochs(epochs, warmup_epochs):
    if not isinstance(epochs, int) or epochs < 1:
        raise ValueError(f"epochs must be a positive integer. Received: epochs={epochs!r}")
    if not 0 <= warmup_epochs < epochs:
        raise ValueError(
            "warmup_epochs must be at least 0 and smaller than epochs. "
            f"Received: warmup_epochs={warmup_epochs}, epochs={epochs}"
        )
