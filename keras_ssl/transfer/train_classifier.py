import math

import keras

from keras_ssl import augment, distribute
from keras_ssl.backbones.copies import copied
from keras_ssl.checks.arguments import check_positive
from keras_ssl.data.epoch_order import EpochOrder
from keras_ssl.evaluate.epochs_bar import EpochsBar
from keras_ssl.evaluate.image_batches import ImageBatches
from keras_ssl.optimizers import LayerDecay, scaled_cosine
from keras_ssl.optimizers.learning_rates import REFERENCE_BATCH_SIZE
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
    """Trains a copy of an encoder together with a head, by AdamW: a warm-up, then half a cosine down to zero.

    Args:
        encoder: a built `keras.Model` from images to features. It is left as it is.
        head: a `softmax_head` on them, which is trained.
        images: a `tf.data.Dataset` of known length, of batches of `images` or `(images, labels)`, in an order that
            suits training.
        objective: as for `ViewTrainer`.
        augmenter: a `keras_ssl.augment.Augmenter`, or None for random crops of half the image or more, mirrored
            where images are RGB: others, such as digits, have sides.
        epochs: positive int, or None for as many as make 500 steps, and ten at least.
        warmup_epochs: float below `epochs`, over which the learning rate rises from 0; None for a tenth of them.
        learning_rate: positive float, the highest, of the head.
        layer_decay: float in (0, 1], see `keras_ssl.optimizers.LayerDecay`.
        weight_decay: float of at least 0, decoupled.
        seed: int, of the views.
        verbose: 0 for silence or 1 for a progress bar over the epochs.

    Returns:
        A `keras.Sequential` of the copy and the head, from images to probabilities.

    Raises:
        ValueError: for an argument out of its range, or views of another size than the encoder's.
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
        REFERENCE_BATCH_SIZE,  # the rate is meant as it is, whatever the batch size
        total_steps=epochs * steps,
        warmup_steps=round(warmup_epochs * steps),
    )
    optimizer = LayerDecay(keras.optimizers.AdamW(schedule, weight_decay=weight_decay), layer_decay)

    encoder = copied(encoder)
    encoder.trainable = True
    layers = list(encoder._flatten_layers())
    for layer in layers:
        if hasattr(layer, "moving_variance"):
            # In so few steps Keras' 0.99 would keep the statistics of before. SimCLR's momentum (appendix B.8).
            layer.momentum = max(1 - 10 / steps, 0.9)
    if any(layer.compute_dtype == "float16" for layer in layers):
        # Keras does so by the policy of now, which need not be the encoder's.
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    logits = keras.Sequential([keras.Input(encoder.input_shape[1:]), encoder, head.get_layer("logits")])
    trainer = ViewTrainer(logits, augmenter, objective, seed)
    trainer.compile(optimizer)
    batches = distribute.transferable(images, trainer.distribute_strategy)
    callbacks = [EpochOrder(images), *([EpochsBar()] if verbose else [])]
    trainer.fit(batches, epochs=epochs, shuffle=False, callbacks=callbacks, verbose=0)
    return keras.Sequential([keras.Input(encoder.input_shape[1:], name="images"), encoder, head], name="classifier")


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
