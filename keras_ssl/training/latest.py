import keras


class Latest(keras.metrics.Mean):
    """The newest value, for what is a state of the training and no result of a batch, such as a momentum."""

    def update_state(self, values, sample_weight=None):
        """Forgets the value before."""
        # On replicas Keras adds up what each of them has, the counts too.
        self.total.assign(values)
        self.count.assign(1.0)
