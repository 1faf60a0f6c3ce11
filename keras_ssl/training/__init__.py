"""What fit does for every method beside its step: checks of what comes in, and the order of the data."""

from keras_ssl.training.checks import (
    FirstBatchCheck,
    PixelRange,
    check_encoder,
    check_head,
    check_images,
    check_pixels,
)
from keras_ssl.training.epoch_order import EpochOrder

__all__ = [
    "EpochOrder",
    "FirstBatchCheck",
    "PixelRange",
    "check_encoder",
    "check_head",
    "check_images",
    "check_pixels",
]
