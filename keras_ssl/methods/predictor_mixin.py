import keras

from keras_ssl.checks.networks import check_head


class PredictorMixin:
    """For methods that predict projections from projections: goes before the base class, a `ProjectorMethod`.

    A method says in `default_predictor` which head its paper puts behind the projector.
    """

    def __init__(self, encoder, projector=None, predictor=None, augmenter=None, **kwargs):
        super().__init__(encoder, projector, augmenter, **kwargs)
        dim = self.projector.output_shape[-1]
        self.predictor = predictor or self.default_predictor(dim)
        check_head("predictor", self.predictor, dim, dim)

    @staticmethod
    def default_predictor(dim):
        """The paper's head on projections of so many dimensions, a built `keras.Model`."""
        raise NotImplementedError("A method that predicts projections must say which: default_predictor(dim).")

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "predictor": keras.saving.serialize_keras_object(self.predictor)}
