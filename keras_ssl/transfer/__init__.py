"""Further training of an encoder: fine-tuning on labels, and distillation into a smaller network."""

from keras_ssl.transfer.distill import distill
from keras_ssl.transfer.few_label import few_label
from keras_ssl.transfer.fine_tune import fine_tune, fine_tuned_classifier
from keras_ssl.transfer.from_scratch import from_scratch

__all__ = ["distill", "few_label", "fine_tune", "fine_tuned_classifier", "from_scratch"]
