"""Networks after the encoder that only training needs: projection and prediction heads, decoders."""

from keras_ssl.heads.mirror import mirror
from keras_ssl.heads.projection_head import distillation_head, prediction_head, projection_head

__all__ = ["distillation_head", "mirror", "prediction_head", "projection_head"]
