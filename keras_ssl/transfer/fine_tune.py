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

    The head comes first: a linear probe, logistic regression on the features of the frozen encoder. Then all layers
    learn together, those near the images more slowly (`keras_ssl.optimizers.LayerDecay`). Below a random head the
    first steps would distort the features before the head has learned to use them (Kumar et al. 2022, "Fine-Tuning
    can Distort Pretrained Features and Underperform Out-of-Distribution", https://arxiv.org/abs/2202.10054, LP-FT).

    Args:
        encoder: A built `keras.Model` from images (batch, height, width, channels), raw pixels in [0, 255], to
            features (batch, features). It is left as it is.
        train: Labelled images: a batched `tf.data.Dataset` of `(images, labels)` in any order, or a tuple of arrays;
            as for `fine_tuned_classifier`.
        test: Like `train`; scored once, after the training.
        **settings: Those of `fine_tuned_classifier`: `epochs`, `learning_rate`, `layer_decay`, `augmenter`, ….

    Returns:
        `Score`. The classifier itself is what `fine_tuned_classifier` returns.

    Raises:
        ValueError: As for `fine_tuned_classifier`, and for test images that do not go with the training images.
        TypeError: For a setting that does not exist.

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
    # Before the training, so that missing test labels do not waste it.
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
    """Fine-tunes an encoder and a linear head on labelled images, and returns the classifier.

    It is a `keras.Sequential` of two models, the encoder and the head, and exports like the probe's:

        encoder, head = classifier.layers
        keras_ssl.export.saved_model(encoder, "saved_models/pets", classifier=head, class_names=["cat", "dog"])

    Batch normalization goes by its moving statistics while the head is fitted, by the batch's in the training after.

    Args:
        encoder: As for `fine_tune`.
        train: Labelled images as for `fine_tune`, which are brought into memory. Labels are 0, 1, …, each of which
            occurs.
        epochs: Positive integer, or None for as many as make 500 steps (Kolesnikov et al. 2020,
            https://arxiv.org/abs/1912.11370, section 3.3, for fewer than 20 000 images), and ten at least. Defaults
            to `None`.
        warmup_epochs: Float of at least 0 and below `epochs`, over which the learning rate rises, or None for a
            tenth of them. Defaults to `None`.
        learning_rate: Positive float. The highest, of the head. Defaults to `1e-3`, as for a training from scratch:
            after a short pretraining a ResNet has much to learn yet. For a vision transformer after a long one MAE
            takes 2.5e-4 (1e-3 for 256 images; He et al. 2021, https://arxiv.org/abs/2111.06377, table 9).
        layer_decay: Float in (0, 1], by which the learning rate falls from layer to layer towards the images; see
            `keras_ssl.optimizers.LayerDecay`. Defaults to `0.9`; MAE takes 0.75, with which the first layers of a
            ResNet hardly move.
        weight_decay: Float of at least 0. Decoupled. Defaults to `0.05`, MAE's.
        head_first: Boolean. Whether the head starts as linear probe, or at random. Defaults to `True`.
        C: Positive float, of the linear probe, or None to choose it as `linear_probe` does, for which a class must
            have two images. Defaults to `None`.
        augmenter: A `keras_ssl.augment.Augmenter` with one view of the encoder's size. By default
            `keras_ssl.augment.crops` of half the image or more, mirrored where images are RGB.
        batch_size: Positive integer. Images per step. Defaults to `64`.
        seed: Integer. The order, the views and a random head are a function of it. Defaults to `0`.
        verbose: 0 for silence or 1 for a progress bar over the epochs. Defaults to `0`.

    Returns:
        A `keras.Model` from images to float32 probabilities (batch, classes).

    Raises:
        ValueError: If images have no labels, do not fit the encoder, or are of one class; when classes are not
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
