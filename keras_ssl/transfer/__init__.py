"""Further training of an encoder: fine-tuning on labels, and distillation into a smaller network."""

from keras_ssl.transfer.detector import Detector
from keras_ssl.transfer.distill import distill
from keras_ssl.transfer.few_label import few_label
from keras_ssl.transfer.fine_tune import fine_tune, fine_tuned_classifier
from keras_ssl.transfer.from_scratch import from_scratch
from keras_ssl.transfer.scene_optimizer import scene_optimizer
from keras_ssl.transfer.segmenter import Segmenter

__all__ = [
    "Detector",
    "Segmenter",
    "distill",
    "few_label",
    "fine_tune",
    "fine_tuned_classifier",
    "from_scratch",
    "scene_optimizer",
]
