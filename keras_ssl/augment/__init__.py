from keras_ssl.augment.augmenter import Augmenter
from keras_ssl.augment.crop_and_resize import crop_and_resize
from keras_ssl.augment.crop_boxes import crop_boxes
from keras_ssl.augment.crop_masks import crop_masks
from keras_ssl.augment.gaussian_blur import GaussianBlur, gaussian_blur
from keras_ssl.augment.jitter_colors import jitter_colors
from keras_ssl.augment.multi_crop import MultiCrop
from keras_ssl.augment.random_affine import RandomAffine
from keras_ssl.augment.random_brightness_contrast import RandomBrightnessContrast
from keras_ssl.augment.random_color_jitter import RandomColorJitter
from keras_ssl.augment.random_erasing import RandomErasing
from keras_ssl.augment.random_flip import RandomFlip
from keras_ssl.augment.random_image_layer import RandomColorLayer, RandomImageLayer
from keras_ssl.augment.random_masking import RandomMasking
from keras_ssl.augment.random_noise import RandomNoise
from keras_ssl.augment.random_resized_crop import RandomResizedCrop
from keras_ssl.augment.random_solarize import RandomSolarize
from keras_ssl.augment.recipes import compose, crops, for_images, grayscale, multi_crop, scenes, simclr
from keras_ssl.augment.scene_augmenter import SceneAugmenter
from keras_ssl.augment.seeds import Draws, seed_scope

__all__ = [
    "Augmenter",
    "Draws",
    "GaussianBlur",
    "MultiCrop",
    "RandomAffine",
    "RandomBrightnessContrast",
    "RandomColorJitter",
    "RandomColorLayer",
    "RandomErasing",
    "RandomFlip",
    "RandomImageLayer",
    "RandomMasking",
    "RandomNoise",
    "RandomResizedCrop",
    "RandomSolarize",
    "SceneAugmenter",
    "compose",
    "crop_and_resize",
    "crop_boxes",
    "crop_masks",
    "crops",
    "for_images",
    "gaussian_blur",
    "grayscale",
    "jitter_colors",
    "multi_crop",
    "scenes",
    "seed_scope",
    "simclr",
]
