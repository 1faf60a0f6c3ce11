import keras

from keras_ssl.augment import Augmenter
from keras_ssl.checks.networks import check_head


class PredictorMixin:
    """Adds a predictor of projections; goes before the base class, a `ProjectorMethod`.

    A method defines its paper's predictor in `default_predictor`.
    """

    def __init__(
        self,
        encoder: keras.Model,
        projector: keras.Model | None = None,
        predictor: keras.Model | None = None,
        augmenter: Augmenter | None = None,
        **kwargs,
    ):
        super().__init__(encoder, projector, augmenter, **kwargs)
        dim = self.projector.output_shape[-1]
        self.predictor = predictor or self.default_predictor(dim)
        check_head("predictor", self.predictor, dim, dim)

    @staticmethod
    def default_predictor(dim: int) -> keras.Model:
        """The paper's predictor on projections of `dim` dimensions, a built `keras.Model`."""
        raise NotImplementedError("A method that predicts projections must implement default_predictor(dim).")

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {**super().get_config(), "predictor": keras.saving.serialize_keras_object(self.predictor)}
