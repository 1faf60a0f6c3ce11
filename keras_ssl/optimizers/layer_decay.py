from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_ssl import distribute
from keras_ssl.checks.arguments import check_count


@keras.saving.register_keras_serializable("keras_ssl")
class LayerDecay(keras.optimizers.Optimizer):
    """Wraps an optimizer with layer-wise learning rate decay, for fine-tuning.

    Layers near the input are useful for every task and should change little, layers near the output most. A variable
    with `distance` kernels between itself and the output learns with

    ```python
    learning_rate * decay**distance
    ```

    Kernels are the variables of rank 2 or more, in the order of the model's variables, which is the order in which
    images pass them. A bias or a normalization's scale belongs to the kernel before it. BEiT and MAE, whose `decay`
    is about 0.75, count the twelve blocks of a vision transformer instead. So that their values can be used here,
    distances in a network with more than `layers` kernels below its output are scaled as if it had `layers`: a block
    of a ViT-B counts as one, a convolution of a ResNet-50 as a quarter, and one of a small network as one.

    The wrapped optimizer makes its whole step, of which each variable keeps its share, `decay**distance`. This equals
    a step at the lower learning rate for every optimizer whose step is proportional to the learning rate, momentum
    and decoupled weight decay included. Scaling the gradients instead would not change Adam's steps. The shares
    depend on the variables alone, so that a saved model continues its training under any name
    (`keras.optimizers.MultiOptimizer` identifies variables by their paths, which change, and would need an optimizer
    for each depth).

    Args:
        optimizer: A `keras.optimizers.Optimizer` or its name, without `use_ema`.
        decay: Float in `(0, 1]`. With `1` the wrapped optimizer is unchanged. Defaults to `0.75`.
        layers: Integer > 0. Largest distance; longer ones are scaled to it. Defaults to `12`.
        head: Integer > 0. The number of kernels at the output that make up the head and learn at the full rate.
            Defaults to `1`, a linear classifier.
        head_steps: Integer of at least 0. In so many first steps only the head learns: behind a random head the first
            gradients would distort features that are good already (Kumar et al., 2022). Defaults to `0`.
        name: String. Name of the optimizer. Defaults to the name of the class.

    Attributes:
        rates: List of floats, set by `build`. The share of each variable, after `head_steps`.

    Raises:
        ValueError: If an argument is out of its range, or the optimizer has `use_ema`.

    Example:

    >>> optimizer = keras_ssl.optimizers.LayerDecay(keras.optimizers.AdamW(1e-3), decay=0.5)
    >>> optimizer.build(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(2)]).variables)
    >>> optimizer.rates
    [0.5, 0.5, 1.0, 1.0]

    References:

    - [Clark et al., 2020](https://arxiv.org/abs/2003.10555), section 3.1 and appendix B (ELECTRA)
    - [He et al., 2021](https://arxiv.org/abs/2111.06377), appendix A.1 and its code
    - [Kumar et al., 2022](https://arxiv.org/abs/2202.10054), for `head_steps`
    """

    def __init__(
        self,
        optimizer: keras.optimizers.Optimizer | str,
        decay: float = 0.75,
        layers: int = 12,
        head: int = 1,
        head_steps: int = 0,
        name: str | None = None,
    ):
        super().__init__(learning_rate=0.0, name=name)
        if not 0 < decay <= 1:
            raise ValueError(f"decay must be in (0, 1]. Received: decay={decay}")
        if not isinstance(layers, int) or layers < 1:
            raise ValueError(f"layers must be a positive integer. Received: layers={layers!r}")
        check_count("head", head)
        if not isinstance(head_steps, int) or head_steps < 0:
            raise ValueError(f"head_steps must be an integer of at least 0. Received: head_steps={head_steps!r}")
        self.inner_optimizer = keras.optimizers.get(optimizer)
        if self.inner_optimizer.use_ema:
            raise ValueError(
                "The optimizer's moving average would use whole steps instead of each layer's share of them. Set "
                f"use_ema=False. Received: optimizer={optimizer!r} with use_ema=True"
            )
        self.decay = float(decay)
        self.layers = layers
        self.head = head
        self.head_steps = head_steps

    def build(self, variables: Sequence[Any]) -> None:
        """Create the wrapped optimizer's variables, and compute each rate from the distance to the output."""
        self.inner_optimizer.build(variables)
        super().build(variables)
        # Variables before the first kernel belong to the first kernel.
        kernels = np.maximum(np.cumsum([len(variable.shape) >= 2 for variable in variables]), 1)
        distances = np.maximum(kernels[-1] - kernels - (self.head - 1), 0)
        distances = distances * min(1.0, self.layers / max(distances.max(), 1))
        self.rates = (self.decay**distances).tolist()

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Make the wrapped optimizer's whole step, then take back what exceeds each variable's share."""
        if not self.built:
            self.build(list(trainable_variables))
        variables = list(self._trainable_variables if trainable_variables is None else trainable_variables)
        rates = [self.rates[self._get_variable_index(variable)] for variable in variables]
        before = [tf.identity(variable) for variable in variables]
        body = tf.cast(self.iterations >= self.head_steps, tf.float32)
        self.inner_optimizer.apply(grads, variables)
        for variable, old, rate in zip(variables, before, rates, strict=True):
            if rate < 1:
                distribute.assign(variable, old + tf.cast(body * rate, old.dtype) * (variable - old))

    def scale_loss(self, loss: tf.Tensor) -> tf.Tensor:
        """Scale the loss as the wrapped optimizer does."""
        return self.inner_optimizer.scale_loss(loss)

    def finalize_variable_values(self, var_list: Sequence[Any]) -> None:
        """Finish the variables as the wrapped optimizer does at the end of training."""
        self.inner_optimizer.finalize_variable_values(var_list)

    @property
    def variables(self) -> list[Any]:
        """Variables of this optimizer and of the wrapped one."""
        return self._variables + self.inner_optimizer.variables

    @property
    def iterations(self) -> Any:
        """Number of steps so far."""
        return self.inner_optimizer.iterations

    @property
    def learning_rate(self) -> Any:
        """Learning rate of the layer next to the output."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        self.inner_optimizer.learning_rate = learning_rate

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {
            "optimizer": keras.saving.serialize_keras_object(self.inner_optimizer),
            "decay": self.decay,
            "layers": self.layers,
            "head": self.head,
            "head_steps": self.head_steps,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict) -> "LayerDecay":
        """Create the optimizer from the result of `get_config`."""
        return cls(**keras.saving.deserialize_keras_object(config))
