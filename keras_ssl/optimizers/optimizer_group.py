from collections.abc import Iterable, Sequence
from typing import Any

import keras


class OptimizerGroup(keras.optimizers.Optimizer):
    """Presents several optimizers of one model to Keras' callbacks and `fit` as one `optimizer`.

    Supports what these do with `model.optimizer`: learning rate schedules, and averages of the weights (`use_ema`).
    The optimizers themselves make the updates, and are saved as attributes of the model.

    Args:
        optimizers: Iterable of built `keras.optimizers.Optimizer`.
    """

    def __init__(self, optimizers: Iterable[keras.optimizers.Optimizer]):
        super().__init__(learning_rate=0.0)
        # Callbacks need the optimizer inside a `LossScaleOptimizer`.
        self.optimizers = [getattr(optimizer, "inner_optimizer", optimizer) for optimizer in optimizers]
        self.built = True

    @property
    def variables(self) -> list[Any]:
        """Empty: the optimizers own their variables."""
        return []

    @property
    def iterations(self) -> Any:
        """Number of steps, the same for all optimizers."""
        return self.optimizers[0].iterations

    @property
    def learning_rate(self) -> Any:
        """Not available: each optimizer has its own."""
        raise AttributeError("Each of the `optimizers` has a learning rate of its own. Set it there.")

    def finalize_variable_values(self, var_list: Sequence[Any]) -> None:
        """Replace the weights by their averages, for each optimizer with `use_ema`."""
        for optimizer in self.optimizers:
            optimizer.finalize_variable_values(optimizer._trainable_variables)
