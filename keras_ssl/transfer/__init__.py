"""Further training of an encoder: on labels, boxes or masks, or distilled into a smaller network; and the scores."""

from keras_ssl.transfer.average_precision import average_precision, box_average_precision
from keras_ssl.transfer.detector import Detector
from keras_ssl.transfer.distill import distill
from keras_ssl.transfer.few_label import few_label
from keras_ssl.transfer.fine_tune import fine_tune, fine_tuned_classifier
from keras_ssl.transfer.from_scratch import from_scratch
from keras_ssl.transfer.mean_iou import mask_mean_iou, mean_iou
from keras_ssl.transfer.scene_optimizer import scene_optimizer
from keras_ssl.transfer.scene_score import SceneScore
from keras_ssl.transfer.segmenter import Segmenter

__all__ = [
    "Detector",
    "SceneScore",
    "Segmenter",
    "average_precision",
    "box_average_precision",
    "distill",
    "few_label",
    "fine_tune",
    "fine_tuned_classifier",
    "from_scratch",
    "mask_mean_iou",
    "mean_iou",
    "scene_optimizer",
]
