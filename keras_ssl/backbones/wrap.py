from collections.abc import Sequence
from typing import Any

import keras

from keras_ssl.checks.images import check_image_shape
from keras_ssl.layers.applications_preprocessing import ApplicationsPreprocessing, families
from keras_ssl.layers.transformer import FirstToken

# The layer from an output to features (batch, features), by pooling and the rank of the output.
POOLINGS = {
    "mean": {
        2: keras.layers.Identity,
        3: keras.layers.GlobalAveragePooling1D,
        4: keras.layers.GlobalAveragePooling2D,
    },
    "cls": {3: FirstToken},
}


def wrap(
    model: keras.Model,
    preprocess: Any = None,
    image_shape: Sequence[int] | None = None,
    output: Any = None,
    pooling: str = "mean",
    name: str | None = None,
) -> keras.Model:
    """Turn any backbone into an encoder: raw pixels in, pooled float32 features out.

    For the networks of `keras.applications` and keras-hub, and for your own. The encoder shares the backbone's
    weights, and is saved and exported as a whole. It preprocesses inside, so that training and serving always agree.
    The backbone's own batch normalization is not changed.

    Args:
        model: A `keras.Model` from one image input to a feature map `(batch, height, width, channels)`, to tokens
            `(batch, tokens, channels)` or to features `(batch, features)`, without a classification head
            (`include_top=False` in `keras.applications`).
        preprocess: From raw pixels in `[0, 255]` to the range that the backbone expects. `None` if it does this
            itself (EfficientNet, ConvNeXt, MobileNetV3 in `keras.applications`), a
            `keras.applications.….preprocess_input`, the name of its module such as `"resnet_v2"`, or a layer such as
            `keras.layers.Rescaling(1 / 255)`. Defaults to `None`.
        image_shape: Tuple `(height, width, channels)`. Shape of an image, if the backbone does not fix it or is a
            subclassed model. Defaults to `None`: the backbone's own.
        output: Key or index of the output to use, for a backbone with several. Defaults to `None`.
        pooling: String. `"mean"` averages over positions or tokens; `"cls"` takes the first token of
            `(batch, tokens, channels)`. Features of rank 2 are not changed. Defaults to `"mean"`.
        name: String. Name of the encoder. Defaults to the backbone's name.

    Returns:
        A `keras.Model` from images `(batch, height, width, channels)` to float32 features `(batch, features)`.

    Raises:
        TypeError: If `model` is not a `keras.Model`, or `preprocess` cannot be saved.
        ValueError: If the backbone takes several inputs, ends in a classifier, does not fix its input shape, has
            several outputs and `output` does not choose one, or has an output that cannot be pooled.

    Example:

    >>> backbone = keras.applications.MobileNetV2((96, 96, 3), include_top=False, weights=None)
    >>> encoder = keras_ssl.backbones.wrap(backbone, keras.applications.mobilenet_v2.preprocess_input)
    >>> encoder.output_shape
    (None, 1280)
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"wrap needs a keras.Model. Received: model={model!r}")
    _refuse_classifier(model)
    preprocess = _as_layer(preprocess)
    images = keras.Input(_image_shape(model, image_shape), name="images")
    x = images if preprocess is None else preprocess(images)
    x = _choose(model(x), output, model.name)
    return keras.Model(images, _pool(x, pooling, model.name), name=name or model.name)


def _refuse_classifier(model):
    last_layer = model.layers[-1] if model.layers else None
    if getattr(last_layer, "activation", None) in (keras.activations.softmax, keras.activations.sigmoid):
        raise ValueError(
            "The model ends in a classifier, and its probabilities make poor features: build it with "
            "include_top=False, or wrap keras.Model(model.input, model.get_layer(…).output) of a layer before it. "
            f"Received: model={model.name!r}, whose last layer is {last_layer.name!r}"
        )


def _as_layer(preprocess):
    if preprocess is None or isinstance(preprocess, keras.layers.Layer):
        return preprocess
    if isinstance(preprocess, str):
        return ApplicationsPreprocessing(preprocess, name="preprocessing")
    family = getattr(preprocess, "__module__", "").rpartition(".")[-1]
    if family in families() and preprocess is getattr(keras.applications, family).preprocess_input:
        return ApplicationsPreprocessing(family, name="preprocessing")
    raise TypeError(
        "preprocess must be a keras layer, a preprocess_input of keras.applications, the name of its module, or "
        "None: a function of your own could not be saved with the encoder, so make it a layer registered by "
        f"@keras.saving.register_keras_serializable(). Received: preprocess={preprocess!r}"
    )


def _image_shape(model, image_shape):
    inputs = keras.tree.flatten(getattr(model, "inputs", None) or [])
    if len(inputs) > 1:
        raise ValueError(
            "An encoder takes images and nothing else: give the model's image branch as a model of its own. "
            f"Received: model={model.name!r} with the inputs {[tensor.name for tensor in inputs]}"
        )
    if image_shape is None:
        image_shape = tuple(inputs[0].shape[1:]) if inputs else (None,)
        if None in image_shape:
            raise ValueError(
                f"The model {model.name!r} does not fix the shape of its images: give image_shape=(height, width, "
                f"channels). Received: image_shape=None, model.input_shape={(None, *image_shape)}"
            )
    return check_image_shape(image_shape, total_stride=1)


def _choose(outputs, output, model_name):
    if hasattr(outputs, "shape"):
        if output is None:
            return outputs
        raise ValueError(f"The model {model_name!r} has one output: leave output=None. Received: output={output!r}")
    choices = list(outputs) if isinstance(outputs, dict) else list(range(len(outputs)))
    if output not in choices:
        raise ValueError(
            f"The model {model_name!r} has several outputs: choose one by output=, of {choices}. "
            f"Received: output={output!r}"
        )
    return outputs[output]


def _pool(x, pooling, model_name):
    if pooling not in POOLINGS:
        raise ValueError(f'pooling must be "mean" or "cls". Received: pooling={pooling!r}')
    rank = len(x.shape)
    if rank not in POOLINGS[pooling]:
        raise ValueError(
            "The output must be a feature map (batch, height, width, channels) or features (batch, features), for "
            'pooling="mean", or tokens (batch, tokens, channels), for "mean" or "cls". '
            f"Received: pooling={pooling!r} and an output of shape {tuple(x.shape)} of {model_name!r}"
        )
    return POOLINGS[pooling][rank](dtype="float32", name="features")(x)
