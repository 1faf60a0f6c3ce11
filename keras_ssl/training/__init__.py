"""What every method needs beside its step: checks of what comes in, the order of the data, work in batches."""

from keras_ssl.training.checks import (
    FirstBatchCheck,
    LastBatch,
    check_choice,
    check_decoder,
    check_encoder,
    check_head,
    check_images,
    check_margin,
    check_pixels,
    check_positive,
    pixel_range,
    warn_without_batch_normalization,
)
from keras_ssl.training.enough_images import TooFewImages, with_enough_images
from keras_ssl.training.epoch_order import EpochOrder, epochs_done, epochs_of_steps
from keras_ssl.training.finite import NotFinite, StopNotFinite, all_finite, broken_weights, check_finite_weights
from keras_ssl.training.fit_inputs import (
    check_passes,
    images_and_labels,
    is_in_batches,
    split_arrays,
    usable_batches,
)
from keras_ssl.training.latest import Latest
from keras_ssl.training.map_batches import map_batches
from keras_ssl.training.step_of_thread import StepOfThread, recording

__all__ = [
    "EpochOrder",
    "FirstBatchCheck",
    "LastBatch",
    "Latest",
    "NotFinite",
    "StepOfThread",
    "StopNotFinite",
    "TooFewImages",
    "all_finite",
    "broken_weights",
    "check_choice",
    "check_decoder",
    "check_encoder",
    "check_finite_weights",
    "check_head",
    "check_images",
    "check_margin",
    "check_passes",
    "check_pixels",
    "check_positive",
    "epochs_done",
    "epochs_of_steps",
    "images_and_labels",
    "is_in_batches",
    "map_batches",
    "pixel_range",
    "recording",
    "split_arrays",
    "usable_batches",
    "warn_without_batch_normalization",
    "with_enough_images",
]
