import keras


class Latest(keras.metrics.Mean):
    """The value of the last step, for what is a state of the training and no result of a batch, such as a momentum."""

    def update_state(self, values, sample_weight=None):
        """Forgets the value before."""
        # On replicas Keras adds up what each of them has, the counts too.
        self.total.assign(values)
        self.count.assign(1.0)
