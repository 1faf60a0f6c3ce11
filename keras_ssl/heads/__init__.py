"""Networks after the encoder that only training needs: projection and prediction heads, decoders."""

from keras_ssl.heads.fcos_head import fcos_head
from keras_ssl.heads.fpn import fpn
from keras_ssl.heads.mirror import mirror
from keras_ssl.heads.projection_head import distillation_head, prediction_head, projection_head
from keras_ssl.heads.unet_decoder import unet_decoder

__all__ = ["distillation_head", "fcos_head", "fpn", "mirror", "prediction_head", "projection_head", "unet_decoder"]
