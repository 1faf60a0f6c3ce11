import math

import keras

from keras_ssl import augment, distribute
from keras_ssl.backbones.copies import copied
from keras_ssl.checks.arguments import check_positive
from keras_ssl.data.epoch_order import EpochOrder
from keras_ssl.evaluate.image_batches import ImageBatches
from keras_ssl.optimizers import LayerDecay, scaled_cosine
from keras_ssl.optimizers.learning_rates import REFERENCE_BATCH_SIZE
from keras_ssl.progress import Stage
from keras_ssl.transfer.view_trainer import ViewTrainer

# BiT-HyperRule (Kolesnikov et al. 2020, https://arxiv.org/abs/1912.11370, section 3.3): 500 steps for fewer than
# 20 000 labelled images, and more for more.
MINIMUM_STEPS = 500
MINIMUM_EPOCHS = 10
# As the recipes of this package: a short run spends a tenth of its steps warming up.
WARMUP_SHARE = 0.1


def train_classifier(
    encoder,
    head,
    images,
    objective,
    *,
    augmenter,
    epochs,
    warmup_epochs,
    learning_rate,
    layer_decay,
    weight_decay,
    seed,
    verbose,
):
    """Trains a copy of an encoder and a head by AdamW, with a warm-up and a cosine decay to zero.

    Args:
        encoder: A built `keras.Model` from images to features. It is left as it is.
        head: A `softmax_head` on them, which is trained.
        images: A `tf.data.Dataset` of known length, of batches of `images` or `(images, labels)`, in an order that
            suits training.
        objective: As for `ViewTrainer`.
        augmenter: A `keras_ssl.augment.Augmenter`, or None for random crops of half the image or more, mirrored
            where images are RGB; others, such as digits, change their meaning.
        epochs: Positive integer, or None for as many as make 500 steps, and ten at least.
        warmup_epochs: Float below `epochs`, over which the learning rate rises from 0; None for a tenth of them.
        learning_rate: Positive float. The highest, of the head.
        layer_decay: Float in (0, 1]. See `keras_ssl.optimizers.LayerDecay`.
        weight_decay: Float of at least 0. Decoupled.
        seed: Integer, of the views.
        verbose: 0 for silence or 1 for a progress bar over the epochs.

    Returns:
        A `keras.Sequential` of the copy and the head, from images to probabilities.

    Raises:
        ValueError: For an argument out of its range, or views of another size than the encoder's.
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
        REFERENCE_BATCH_SIZE,  # so the rate is not scaled by the batch size
        total_steps=epochs * steps,
        warmup_steps=round(warmup_epochs * steps),
    )
    optimizer = LayerDecay(keras.optimizers.AdamW(schedule, weight_decay=weight_decay), layer_decay)

    encoder = copied(encoder)
    encoder.trainable = True
    layers = list(encoder._flatten_layers())
    for layer in layers:
        if hasattr(layer, "moving_variance"):
            # With Keras' 0.99 so few steps would hardly change the statistics. SimCLR's momentum (appendix B.8).
            layer.momentum = max(1 - 10 / steps, 0.9)
    if any(layer.compute_dtype == "float16" for layer in layers):
        # Keras decides this by the global policy, which may differ from the encoder's.
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    logits = keras.Sequential([keras.Input(encoder.input_shape[1:]), encoder, head.get_layer("logits")])
    trainer = ViewTrainer(logits, augmenter, objective, seed)
    trainer.compile(optimizer)
    batches = distribute.transferable(images, trainer.distribute_strategy)
    callbacks = [EpochOrder(images), *([_EpochsBar()] if verbose else [])]
    trainer.fit(batches, epochs=epochs, shuffle=False, callbacks=callbacks, verbose=0)
    return keras.Sequential([keras.Input(encoder.input_shape[1:], name="images"), encoder, head], name="classifier")


class _EpochsBar(keras.callbacks.Callback):
    """One progress bar over all epochs, since few images make many short epochs."""

    def on_train_begin(self, logs=None):
        """Starts the bar."""
        self._stage = Stage("training with labels", self.params["epochs"], unit="epochs")
        self._stage.__enter__()

    def on_epoch_end(self, epoch, logs=None):
        """Advances the bar."""
        self._stage.advance(1)

    def on_train_end(self, logs=None):
        """Ends the bar."""
        self._stage.__exit__(None, None, None)


def _check_view_size(size, input_shape):
    if size is not None and input_shape[1:3] not in (tuple(size), (None, None)):
        raise ValueError(
            "The augmenter must make views of the size that the encoder takes. "
            f"Received: augmenter.image_size={size}, encoder.input_shape={input_shape}"
        )


def _check_epochs(epochs, warmup_epochs):
    if not isinstance(epochs, int) or epochs < 1:
        raise ValueError(f"epochs must be a positive integer. Received: epochs={epochs!r}")
    if not 0 <= warmup_epochs < epochs:
        raise ValueError(
            f"The warm-up must end before the training does. Received: warmup_epochs={warmup_epochs}, epochs={epochs}"
        )
