import dataclasses
import inspect
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_ssl.augment import Augmenter
from keras_ssl.checks.networks import check_encoder
from keras_ssl.data import from_arrays
from keras_ssl.evaluate.accuracy import accuracy
from keras_ssl.evaluate.checks import check_labelled, check_numbered, check_split
from keras_ssl.evaluate.features import extract_features
from keras_ssl.evaluate.image_batches import labelled_arrays
from keras_ssl.evaluate.linear_probe import linear_classifier
from keras_ssl.evaluate.score import Score
from keras_ssl.evaluate.softmax_head import softmax_head
from keras_ssl.transfer.train_classifier import train_classifier


def fine_tune(encoder: keras.Model, train: Any, test: Any, **settings: Any) -> Score:
    """Accuracy of an encoder fine-tuned on labels: all layers are trained.

    The head is trained first, as a linear probe: logistic regression on the features of the frozen encoder. Then all
    layers are trained together, those near the images at a smaller learning rate (`keras_ssl.optimizers.LayerDecay`).
    With a random head, the first steps would distort the features before the head has learned to use them (Kumar et
    al. 2022, "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution",
    https://arxiv.org/abs/2202.10054, LP-FT).

    Args:
        encoder: A built `keras.Model` from images (batch, height, width, channels), raw pixels in [0, 255], to
            features (batch, features). It is not changed: a copy is trained.
        train: Labelled images: a batched `tf.data.Dataset` of `(images, labels)` in any order, or a tuple of arrays.
        test: Like `train`. Scored once, after the training.
        **settings: Settings of `fine_tuned_classifier`: `epochs`, `learning_rate`, `layer_decay`, `augmenter`, ….

    Returns:
        A `Score`. To get the classifier itself, call `fine_tuned_classifier`.

    Raises:
        ValueError: As for `fine_tuned_classifier`, or if the test images do not fit the training images.
        TypeError: If a setting does not exist.

    Example:

    >>> train, test = (keras_ssl.data.load("digits", part, labels=True) for part in ("train[:300]", "test"))
    >>> encoder = keras_ssl.backbones.small_cnn((8, 8, 1), filters=(8, 16))
    >>> score = keras_ssl.transfer.fine_tune(encoder, train, test, epochs=3)
    >>> score.name
    'fine-tuning'
    """
    call = inspect.signature(fine_tuned_classifier).bind(encoder, train, **settings)
    call.apply_defaults()
    check_encoder(encoder)
    # Checked before the training, so that missing test labels are found early.
    features, _ = check_split(*(extract_features(encoder, part, verbose=0) for part in (train, test)))
    classifier = fine_tuned_classifier(encoder, train, **settings)
    numbers = {name: value for name, value in call.arguments.items() if value is None or np.isscalar(value)}
    return dataclasses.replace(
        accuracy(classifier, test),
        name="fine-tuning",
        protocol="All layers trained on views of the training images by AdamW, after a linear probe as head, more "
        "slowly near the images; settings are fixed beforehand; scored once on the test images.",
        settings={"training_images": len(features.labels), **numbers},
    )


def fine_tuned_classifier(
    encoder: keras.Model,
    train: Any,
    *,
    epochs: int | None = None,
    warmup_epochs: float | None = None,
    learning_rate: float = 1e-3,
    layer_decay: float = 0.9,
    weight_decay: float = 0.05,
    head_first: bool = True,
    C: float | None = None,
    augmenter: Augmenter | None = None,
    batch_size: int = 64,
    seed: int = 0,
    verbose: int = 0,
) -> keras.Sequential:
    """Fine-tune an encoder and a linear head on labelled images, and return the classifier.

    The classifier is a `keras.Sequential` of the encoder and the head, and both can be exported:

        encoder, head = classifier.layers
        keras_ssl.export.saved_model(encoder, "saved_models/pets", classifier=head, class_names=["cat", "dog"])

    Batch normalization uses its moving statistics while the head is fitted, and the statistics of the batch while all
    layers are trained.

    Args:
        encoder: As for `fine_tune`.
        train: Labelled images as for `fine_tune`. They are loaded into memory. Labels are 0, 1, …, and each must
            occur.
        epochs: Positive integer, or None for 500 steps (Kolesnikov et al. 2020, https://arxiv.org/abs/1912.11370,
            section 3.3, for fewer than 20 000 images), but at least ten epochs. Defaults to `None`.
        warmup_epochs: Float of at least 0 and below `epochs`. The learning rate rises over so many epochs; None
            means a tenth of them. Defaults to `None`.
        learning_rate: Positive float. The highest learning rate, which the head gets. Defaults to `1e-3`, as for
            training from scratch: after a short pretraining, a ResNet still has much to learn. For a vision
            transformer after a long pretraining MAE takes 2.5e-4 (1e-3 for 256 images; He et al. 2021,
            https://arxiv.org/abs/2111.06377, table 9).
        layer_decay: Float in (0, 1]. The factor by which the learning rate falls from each layer to the one before
            it, towards the images; see `keras_ssl.optimizers.LayerDecay`. Defaults to `0.9`. MAE takes 0.75, with
            which the first layers of a ResNet hardly change.
        weight_decay: Float of at least 0. Decoupled weight decay. Defaults to `0.05`, as in MAE.
        head_first: Boolean. Whether the head starts as a linear probe instead of at random. Defaults to `True`.
        C: Positive float. The inverse strength of the linear probe's penalty, or None to choose it as `linear_probe`
            does, which needs two images of each class. Defaults to `None`.
        augmenter: A `keras_ssl.augment.Augmenter` that makes one view of the encoder's size. Defaults to
            `keras_ssl.augment.crops` of at least half the image, with horizontal flips if images are RGB.
        batch_size: Positive integer. Images per step. Defaults to `64`.
        seed: Integer. It determines the order, the views and a random head. Defaults to `0`.
        verbose: Integer. 0 for no output, 1 for a progress bar over the epochs. Defaults to `0`.

    Returns:
        A `keras.Sequential` from images to float32 probabilities (batch, classes).

    Raises:
        ValueError: If images have no labels, do not fit the encoder, or are all of one class; if classes are not
            numbered from 0; or if an argument is out of its range.

    Example:

    >>> images, labels = np.random.uniform(0, 255, (64, 8, 8, 1)), np.arange(64) % 2
    >>> encoder = keras_ssl.backbones.small_cnn((8, 8, 1), filters=(4, 8))
    >>> classifier = keras_ssl.transfer.fine_tuned_classifier(encoder, (images, labels), epochs=1, warmup_epochs=0)
    >>> classifier(images).shape
    TensorShape([64, 2])
    """
    check_encoder(encoder)
    features = check_labelled(extract_features(encoder, train, verbose=0), "train")
    check_numbered(features)
    classes = int(features.labels.max()) + 1
    head = linear_classifier(features, C) if head_first else softmax_head(encoder.output_shape[-1], classes, seed)
    images, labels = labelled_arrays(train, "train")
    return train_classifier(
        encoder,
        head,
        from_arrays(images, labels, batch_size, shuffle=True, seed=seed),
        _cross_entropy,
        augmenter=augmenter,
        epochs=epochs,
        warmup_epochs=warmup_epochs,
        learning_rate=learning_rate,
        layer_decay=layer_decay,
        weight_decay=weight_decay,
        seed=seed,
        verbose=verbose,
    )


def _cross_entropy(views, labels, logits):
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
