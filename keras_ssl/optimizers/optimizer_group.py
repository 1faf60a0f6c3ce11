import keras


class OptimizerGroup(keras.optimizers.Optimizer):
    """Several optimizers of one model, under the one name that Keras' callbacks and `fit` look for.

    Learning rates are scheduled, averages of weights (`use_ema`) swapped in and taken over at the end for each of
    them. Updates are made by the optimizers themselves, and they are saved as what the model has them for.

    Args:
        optimizers: iterable of built `keras.optimizers.Optimizer`, with variables of their own each.
    """

    def __init__(self, optimizers):
        super().__init__(learning_rate=0.0)
        # Loss scaling is no business of callbacks.
        self.optimizers = [getattr(optimizer, "inner_optimizer", optimizer) for optimizer in optimizers]
        self.built = True

    @property
    def variables(self):
        """None beside those of the optimizers."""
        return []

    @property
    def iterations(self):
        """The steps done, which all of them do together."""
        return self.optimizers[0].iterations

    @property
    def learning_rate(self):
        """Of each optimizer its own."""
        raise AttributeError("Each of the `optimizers` has a learning rate of its own.")

    def finalize_variable_values(self, var_list):
        """Gives the weights their averages where an optimizer keeps some."""
        for optimizer in self.optimizers:
            optimizer.finalize_variable_values(optimizer._trainable_variables)
