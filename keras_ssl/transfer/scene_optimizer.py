import keras

from keras_ssl.checks.arguments import check_positive, check_probability
from keras_ssl.optimizers import LayerDecay, scaled_cosine
from keras_ssl.optimizers.learning_rates import REFERENCE_BATCH_SIZE
from keras_ssl.transfer.scene_model import SceneModel


def scene_optimizer(
    model: SceneModel,
    total_steps: int,
    learning_rate: float = 1e-3,
    *,
    layer_decay: float = 0.9,
    weight_decay: float = 0.05,
    warmup: float = 0.1,
    head_first: float = 0.1,
) -> keras.Optimizer:
    """AdamW for a `Detector` or a `Segmenter`, by the settings of `fine_tuned_classifier`.

    The learning rate rises linearly and falls to zero along a cosine. First the head learns alone, then all layers,
    those near the images more slowly (`keras_ssl.optimizers.LayerDecay`). From random weights take `layer_decay=1.0`
    and `head_first=0.0`: there are no features to keep.

    Args:
        model: A `Detector` or a `Segmenter`.
        total_steps: Integer > 0: epochs times batches of an epoch.
        learning_rate: Float > 0. The highest, of the head. Defaults to `1e-3`.
        layer_decay: Float in `(0, 1]`, by which the rate falls from layer to layer of the encoder. Defaults to `0.9`.
        weight_decay: Float of at least 0. Decoupled. Defaults to `0.05`.
        warmup: Float in `[0, 1]`: the share of the steps in which the rate rises. Defaults to `0.1`.
        head_first: Float in `[0, 1]`: the share of the steps in which only the head learns. Defaults to `0.1`.

    Returns:
        A `keras_ssl.optimizers.LayerDecay`, for `model.compile`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> encoder = keras_ssl.backbones.resnet18((32, 32, 3), width=8)
    >>> segmenter = keras_ssl.transfer.Segmenter(encoder, classes=["road", "sky"])
    >>> segmenter.compile(keras_ssl.transfer.scene_optimizer(segmenter, total_steps=100))
    """
    warmup, head_first = check_probability("warmup", warmup), check_probability("head_first", head_first)
    schedule = scaled_cosine(
        check_positive("learning_rate", learning_rate),
        REFERENCE_BATCH_SIZE,  # so the rate is not scaled by the batch size
        total_steps=total_steps,
        warmup_steps=round(warmup * total_steps),
    )
    encoder = {id(variable) for variable in model.encoder.variables}
    head = [variable for variable in model.trainable_variables if id(variable) not in encoder]
    return LayerDecay(
        keras.optimizers.AdamW(schedule, weight_decay=weight_decay),
        layer_decay,
        head=sum(len(variable.shape) > 1 for variable in head),
        head_steps=round(head_first * total_steps),
    )
