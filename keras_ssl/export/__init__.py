"""Export of encoders as files that other systems load."""

from keras_ssl.export.loading import SavedEncoder, load
from keras_ssl.export.manifest import verify
from keras_ssl.export.to_saved_model import saved_model

__all__ = ["SavedEncoder", "load", "saved_model", "verify"]
