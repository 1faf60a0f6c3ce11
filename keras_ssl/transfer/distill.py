from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_ssl.augment import Augmenter
from keras_ssl.checks.arguments import check_positive
from keras_ssl.checks.networks import check_encoder
from keras_ssl.data import from_arrays
from keras_ssl.evaluate.image_batches import ImageBatches
from keras_ssl.evaluate.softmax_head import softmax_head
from keras_ssl.losses import distillation
from keras_ssl.transfer.train_classifier import train_classifier

# How far the sum of a row of float16 probabilities may be from 1.
TOLERANCE = 1e-2


def distill(
    teacher: keras.Model,
    encoder: keras.Model,
    images: Any,
    *,
    temperature: float = 1.0,
    label_weight: float = 0.0,
    epochs: int | None = None,
    warmup_epochs: float | None = None,
    learning_rate: float = 1e-3,
    layer_decay: float = 1.0,
    weight_decay: float = 0.05,
    augmenter: Augmenter | None = None,
    batch_size: int = 64,
    seed: int = 0,
    verbose: int = 0,
) -> keras.Sequential:
    """Distills a classifier into a smaller network, on images that need no labels.

    The third step of SimCLR v2, after pretraining and fine-tuning (Chen et al. 2020,
    https://arxiv.org/abs/2006.10029, section 2). Teacher and student see the same random view of each image, and
    `keras_ssl.losses.distillation` compares their probabilities. All images of the pretraining can be used again. The
    student may be far smaller than the network that pretraining needs.

    Args:
        teacher: A `keras.Model` from images, raw pixels in [0, 255], to probabilities (batch, classes), such as
            `fine_tuned_classifier` returns. It runs in inference mode and is not changed.
        encoder: A built `keras.Model` from images of the same shape to features (batch, features), fresh or
            pretrained. It is not changed: a copy is trained.
        images: A batched `tf.data.Dataset` of `images` or `(images, labels)`, already shuffled, such as
            `keras_ssl.data.load` gives without labels; or an array of images, or a tuple of arrays. An image without
            a label has the label -1.
        temperature: Positive float. See `keras_ssl.losses.distillation`. Defaults to `1.0`.
        label_weight: Float in [0, 1]. The weight of the labels in the loss. Defaults to `0.0`: labels are ignored.
        epochs: As for `fine_tuned_classifier`.
        warmup_epochs: As for `fine_tuned_classifier`.
        learning_rate: Positive float. The highest learning rate. Defaults to `1e-3`, for a fresh encoder.
        layer_decay: As for `fine_tuned_classifier`. Defaults to `1.0`, for a fresh encoder.
        weight_decay: As for `fine_tuned_classifier`.
        augmenter: As for `fine_tuned_classifier`.
        batch_size: Positive integer. Images per step, for arrays only. Defaults to `64`.
        seed: Integer. It determines the order of arrays, the views and the head. Defaults to `0`.
        verbose: Integer. 0 for no output, 1 for a progress bar over the epochs. Defaults to `0`.

    Returns:
        A `keras.Sequential` of the trained encoder and its head, from images to float32 probabilities
        (batch, classes), as `fine_tuned_classifier` returns.

    Raises:
        TypeError: If the teacher is not a `keras.Model`.
        ValueError: If teacher, student and images do not fit together, the length of a data set is unknown,
            `label_weight` is not 0 and there are no labels, or an argument is out of its range.

    Example:

    >>> images, labels = np.random.uniform(0, 255, (64, 8, 8, 1)), np.arange(64) % 2
    >>> large, small = (keras_ssl.backbones.small_cnn((8, 8, 1), filters=(width,)) for width in (16, 4))
    >>> teacher = keras_ssl.transfer.fine_tuned_classifier(large, (images, labels), epochs=1)
    >>> student = keras_ssl.transfer.distill(teacher, small, images, epochs=1)
    >>> student(images).shape
    TensorShape([64, 2])
    """
    check_encoder(encoder)
    check_positive("temperature", temperature)
    if not 0 <= label_weight <= 1:
        raise ValueError(f"label_weight must lie in [0, 1]. Received: label_weight={label_weight}")
    dataset = _training_data(images, batch_size, seed)
    _check_teacher(teacher, ImageBatches(dataset).image_shape, encoder)

    def objective(views, labels, logits):
        # Log-probabilities are logits up to a constant per image, which softmax ignores.
        answer = tf.math.log(tf.cast(teacher(views, training=False), tf.float32))
        return distillation(logits, answer, temperature, labels, label_weight)

    return train_classifier(
        encoder,
        softmax_head(encoder.output_shape[-1], teacher.output_shape[-1], seed),
        dataset,
        objective,
        augmenter=augmenter,
        epochs=epochs,
        warmup_epochs=warmup_epochs,
        learning_rate=learning_rate,
        layer_decay=layer_decay,
        weight_decay=weight_decay,
        seed=seed,
        verbose=verbose,
    )


def _training_data(images, batch_size, seed):
    """Return the images as a data set of known length."""
    if not isinstance(images, tf.data.Dataset):
        arrays = images if isinstance(images, tuple) else (images,)
        return from_arrays(*arrays, batch_size=batch_size, shuffle=True, seed=seed)
    if images.cardinality() < 1:
        raise ValueError(
            "images must be a data set of known length, because the learning rate falls over all steps. Tell it how "
            "many batches it has with .apply(tf.data.experimental.assert_cardinality(batches)), and leave out "
            ".repeat(). "
            f"Received: images={images}"
        )
    return images


def _check_teacher(teacher, image_shape, encoder):
    if not isinstance(teacher, keras.Model):
        raise TypeError(
            "teacher must be a keras.Model from images to probabilities, as fine_tuned_classifier returns. "
            f"Received: teacher={teacher!r}"
        )
    for name, model in (("teacher", teacher), ("encoder", encoder)):
        if any(own not in (None, given) for own, given in zip(model.input_shape[1:], image_shape, strict=True)):
            raise ValueError(
                f"{name} must take images of the given shape: build it for them, or resize the images. "
                f"Received: images of shape {image_shape}, {name}.input_shape={model.input_shape}"
            )
    probabilities = np.asarray(teacher(tf.zeros((1, *image_shape)), training=False), np.float32)
    if probabilities.ndim != 2 or probabilities.min() < 0 or abs(probabilities.sum() - 1) > TOLERANCE:
        raise ValueError(
            "teacher must return one probability per class: end it with a softmax. "
            f"Received: teacher with outputs of shape {probabilities.shape} and sum {probabilities.sum():.4g}"
        )
