from keras_ssl.data.arrays import from_arrays
from keras_ssl.data.boxes import boxes
from keras_ssl.data.decode import decode_and_resize, decode_image, pixel_count
from keras_ssl.data.describe import describe, is_folder
from keras_ssl.data.digit_scenes import digit_scenes
from keras_ssl.data.directory import from_directory
from keras_ssl.data.load import load
from keras_ssl.data.masks import masks
from keras_ssl.data.order import set_epoch
from keras_ssl.data.resize import resize_images
from keras_ssl.data.scale_pixels import scale_pixels

__all__ = [
    "boxes",
    "decode_and_resize",
    "decode_image",
    "describe",
    "digit_scenes",
    "from_arrays",
    "from_directory",
    "is_folder",
    "load",
    "masks",
    "pixel_count",
    "resize_images",
    "scale_pixels",
    "set_epoch",
]
