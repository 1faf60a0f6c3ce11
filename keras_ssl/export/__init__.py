"""Export of encoders, detectors and segmenters as files that other systems load."""

from keras_ssl.export.loading import SavedDetector, SavedEncoder, SavedSegmenter, load
from keras_ssl.export.manifest import verify
from keras_ssl.export.scene_to_saved_model import scene_model
from keras_ssl.export.to_saved_model import saved_model

__all__ = ["SavedDetector", "SavedEncoder", "SavedSegmenter", "load", "saved_model", "scene_model", "verify"]
