"""Augmentations composed of several layers."""

from collections.abc import Sequence

import keras

from keras_ssl.augment.augmenter import Augmenter
from keras_ssl.augment.gaussian_blur import GaussianBlur
from keras_ssl.augment.multi_crop import MultiCrop
from keras_ssl.augment.random_affine import RandomAffine
from keras_ssl.augment.random_brightness_contrast import RandomBrightnessContrast
from keras_ssl.augment.random_color_jitter import RandomColorJitter
from keras_ssl.augment.random_resized_crop import RandomResizedCrop
from keras_ssl.augment.scene_augmenter import SceneAugmenter
from keras_ssl.checks.arguments import check_image_size, check_not_negative

# The paper blurs at 224 pixels, but not at 32. Its kernel, a tenth of the image, reaches one pixel to each side at
# 32, and three at 64.
SMALLEST_BLURRED_SIDE = 64


def simclr(
    image_size: int | tuple[int, int],
    strength: float = 0.5,
    blur: bool | None = None,
    *,
    scale: tuple[float, float] = (0.08, 1.0),
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
    flip_probability: float = 0.5,
    antialias: bool = True,
    seed: int | None = None,
    jit_compile: bool | str = "auto",
) -> Augmenter:
    """Return SimCLR's augmentation: crop, resize, flip, color jitter, gray, and blur for larger images.

    Args:
        image_size: Integer or pair of integers `(height, width)`. Size of the views.
        strength: Float >= 0. Brightness, contrast and saturation change by up to `0.8 * strength`, the hue shifts by
            up to `0.2 * strength`. Defaults to `0.5`, as in the paper for CIFAR-10; for ImageNet it is 1.
        blur: Boolean or `None`. Whether to blur half of the views. By default for images of at least 64 pixels: the
            paper blurs ImageNet and not CIFAR-10.
        scale: Pair of floats in `[0, 1]`. Share of the area that a crop covers. Defaults to `(0.08, 1.0)`.
        ratio: Pair of positive floats. Width / height of a crop. Defaults to `(3 / 4, 4 / 3)`.
        flip_probability: Float in `[0, 1]`. Probability of a horizontal flip. Pass 0 if left and right differ in
            meaning. Defaults to `0.5`.
        antialias: Boolean. See `RandomResizedCrop`. Defaults to `True`.
        seed: Integer or `None`. Seed of calls without one. Defaults to `None`.
        jit_compile: `"auto"` or Boolean. See `Augmenter`. Defaults to `"auto"`.

    Returns:
        An `Augmenter`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> augmenter = keras_ssl.augment.simclr(32)
    >>> views = augmenter(images, seed=(0, 1))

    Reference: [Chen et al., 2020](https://arxiv.org/abs/2002.05709), appendices A and B.9.
    """
    image_size = check_image_size(image_size)
    strength = check_not_negative("strength", strength)
    layers = [
        RandomResizedCrop(image_size, scale, ratio, flip_probability, antialias),
        RandomColorJitter(
            brightness=0.8 * strength,
            contrast=0.8 * strength,
            saturation=0.8 * strength,
            hue=min(0.5, 0.2 * strength),
        ),
    ]
    if min(image_size) >= SMALLEST_BLURRED_SIDE if blur is None else blur:
        layers.append(GaussianBlur())
    return Augmenter(layers, seed=seed, jit_compile=jit_compile)


def grayscale(
    image_size: int | tuple[int, int],
    strength: float = 0.5,
    blur: bool = False,
    *,
    rotation: float = 15.0,
    translation: float = 0.125,
    scale: tuple[float, float] = (0.3, 1.0),
    ratio: tuple[float, float] = (1 / 2, 2.0),
    flip_probability: float = 0.0,
    antialias: bool = True,
    seed: int | None = None,
    jit_compile: bool | str = "auto",
) -> Augmenter:
    """Return an augmentation for gray images: rotate, shift, crop, resize, change brightness and contrast.

    For digits, X-rays and similar images. Half of the strength of SimCLR's recipe comes from color, which they do not
    have. Small rotations and changes of aspect ratio replace it. Crops are larger than SimCLR's, because a small part
    of a digit or lung carries little information. Images are not flipped, because left and right differ for digits
    and organs.

    Args:
        image_size: Integer or pair of integers `(height, width)`. Size of the views.
        strength: Float >= 0. Brightness and contrast change by up to `0.8 * strength`. Defaults to `0.5`.
        blur: Boolean. Whether to blur half of the views. Defaults to `False`.
        rotation: Float in `[0, 180]`. Largest angle in degrees. Defaults to `15.0`.
        translation: Float in `[0, 1]`. Largest shift, as a share of the image's side. Defaults to `0.125`.
        scale: Pair of floats in `[0, 1]`. Share of the area that a crop covers. Defaults to `(0.3, 1.0)`.
        ratio: Pair of positive floats. Width / height of a crop. Defaults to `(1 / 2, 2)`.
        flip_probability: Float in `[0, 1]`. Probability of a horizontal flip. Defaults to `0.0`.
        antialias: Boolean. See `RandomResizedCrop`. Defaults to `True`.
        seed: Integer or `None`. Seed of calls without one. Defaults to `None`.
        jit_compile: `"auto"` or Boolean. See `Augmenter`. Defaults to `"auto"`.

    Returns:
        An `Augmenter`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> augmenter = keras_ssl.augment.grayscale(8)
    >>> views = augmenter(np.zeros((16, 8, 8, 1), "uint8"), seed=(0, 1))
    """
    strength = check_not_negative("strength", strength)
    layers = [
        RandomAffine(rotation, translation),
        RandomResizedCrop(image_size, scale, ratio, flip_probability, antialias),
        RandomBrightnessContrast(0.8 * strength, 0.8 * strength),
    ]
    if blur:
        layers.append(GaussianBlur())
    return Augmenter(layers, seed=seed, jit_compile=jit_compile)


def crops(
    image_size: int | tuple[int, int],
    *,
    scale: tuple[float, float] = (0.2, 1.0),
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
    flip_probability: float = 0.5,
    antialias: bool = True,
    seed: int | None = None,
    jit_compile: bool | str = "auto",
) -> Augmenter:
    """Return MAE's augmentation: crop, resize and flip, without changes of color or brightness.

    For methods that predict pixels: the masks make the task hard enough, and colors are part of the prediction.

    Args:
        image_size: Integer or pair of integers `(height, width)`. Size of the views.
        scale: Pair of floats in `[0, 1]`. Share of the area that a crop covers. Defaults to `(0.2, 1.0)`.
        ratio: Pair of positive floats. Width / height of a crop. Defaults to `(3 / 4, 4 / 3)`.
        flip_probability: Float in `[0, 1]`. Probability of a horizontal flip. Pass 0 if left and right differ in
            meaning. Defaults to `0.5`.
        antialias: Boolean. See `RandomResizedCrop`. Defaults to `True`.
        seed: Integer or `None`. Seed of calls without one. Defaults to `None`.
        jit_compile: `"auto"` or Boolean. See `Augmenter`. Defaults to `"auto"`.

    Returns:
        An `Augmenter`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> augmenter = keras_ssl.augment.crops(32)
    >>> views = augmenter(images, seed=(0, 1))

    Reference: [He et al., 2021](https://arxiv.org/abs/2111.06377), appendix A.1 and its code.
    """
    layer = RandomResizedCrop(image_size, scale, ratio, flip_probability, antialias)
    return Augmenter([layer], seed=seed, jit_compile=jit_compile)


def for_images(image_shape: tuple[int, int, int], **settings) -> Augmenter:
    """Return the default augmentation: `simclr` for RGB images, `grayscale` for all others.

    Args:
        image_shape: Tuple `(height, width, channels)`. Shape of the encoder's images.
        **settings: Arguments that both take, such as `strength` and `blur`.

    Returns:
        An `Augmenter`.

    Raises:
        ValueError: If `image_shape` has no fixed height and width.

    Example:

    >>> keras_ssl.augment.for_images((32, 32, 3)).image_size
    (32, 32)
    """
    height, width, channels = image_shape
    if height is None or width is None:
        raise ValueError(
            "The encoder takes images of any size, so the size of the views is unknown. Pass "
            "augmenter=keras_ssl.augment.simclr(image_size=(height, width)). "
            f"Received: image_shape={image_shape}"
        )
    recipe = simclr if channels == 3 else grayscale
    return recipe((height, width), **settings)


def multi_crop(
    image_shape: tuple[int, int, int],
    local_size: int | tuple[int, int] | None = None,
    *,
    global_scale: tuple[float, float] = (0.14, 1.0),
    local_scale: tuple[float, float] = (0.05, 0.14),
    global_crops: int = 2,
    local_crops: int = 6,
    seed: int | None = None,
    **settings,
) -> MultiCrop | Augmenter:
    """Return SwAV's augmentation: large and small crops of each image, each augmented as by `for_images`.

    Args:
        image_shape: Tuple `(height, width, channels)`. Shape of the images and of the large crops.
        local_size: Integer or pair of integers. Size of the small crops. Defaults to half the height and width of the
            large ones; SwAV and DINO have 96 for 224 pixels.
        global_scale: Pair of floats in `[0, 1]`. Share of the area that a large crop covers. Defaults to
            `(0.14, 1.0)`, as in SwAV.
        local_scale: Pair of floats in `[0, 1]`. Share of the area that a small crop covers. Defaults to
            `(0.05, 0.14)`.
        global_crops: Integer > 0. Large crops of each image. Defaults to `2`.
        local_crops: Integer >= 0. Small crops of each image. With 0, an `Augmenter` for two large crops is returned.
            Defaults to `6`.
        seed: Integer or `None`. Seed of calls without one. Defaults to `None`.
        **settings: Arguments that `simclr` and `grayscale` take, such as `strength` and `flip_probability`.

    Returns:
        A `MultiCrop`, or an `Augmenter` if there are no small crops.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> large, small = keras_ssl.augment.multi_crop((32, 32, 3))(images, seed=(0, 1))

    Reference: [Caron et al., 2020](https://arxiv.org/abs/2006.09882), section 3.3 and appendix A.
    """
    large = for_images(image_shape, scale=global_scale, seed=seed, **settings)
    if local_crops == 0:
        return large
    height, width, channels = image_shape
    sides = (height // 2, width // 2) if local_size is None else check_image_size(local_size)
    small = for_images((*sides, channels), scale=local_scale, **settings)
    return MultiCrop(large, small, global_crops, local_crops, seed=seed)


def scenes(
    image_size: int | tuple[int, int],
    strength: float = 0.25,
    *,
    scale: tuple[float, float] = (0.5, 1.0),
    stretch: tuple[float, float] = (4 / 5, 5 / 4),
    flip_probability: float = 0.5,
    vertical_flip_probability: float = 0.0,
    min_visible: float = 0.3,
    ignore_class: int | None = None,
    antialias: bool = True,
    seed: int | None = None,
    jit_compile: bool = True,
) -> SceneAugmenter:
    """Return the augmentation for detection and segmentation: it moves boxes and masks with the image.

    Crops are larger and colors change less than in `simclr`, because the objects must stay recognizable. For images
    without an upright side, such as micrographs and satellite images, set `vertical_flip_probability=0.5`.

    Args:
        image_size: Integer or pair of integers `(height, width)`, the size of the output.
        strength: Float of at least 0. Strength of the changes of color. Defaults to `0.25`, half of `simclr`'s.
        scale: Pair of positive floats, the share of the area that a crop covers. Above 1 it zooms out. Defaults to
            `(0.5, 1.0)`.
        stretch: Pair of positive floats, the aspect ratio of a crop divided by the image's. Defaults to
            `(4 / 5, 5 / 4)`.
        flip_probability: Float in `[0, 1]`. Probability of a horizontal flip; 0 where left and right differ in
            meaning. Defaults to `0.5`.
        vertical_flip_probability: Float in `[0, 1]`. Probability of a vertical flip. Defaults to `0.0`.
        min_visible: Float in `[0, 1]`. Boxes of which a smaller share of the area is left are dropped. Defaults to
            `0.3`.
        ignore_class: Integer or `None`. Class id in masks around an image that is zoomed out. Defaults to `None`.
        antialias: Boolean. See `RandomResizedCrop`. Defaults to `True`.
        seed: Integer or `None`. Seed of calls without one. Defaults to `None`.
        jit_compile: Boolean. Whether XLA compiles the computation. Defaults to `True`.

    Returns:
        A `SceneAugmenter`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> augmenter = keras_ssl.augment.scenes(32)
    >>> masks = np.zeros((16, 32, 32), "uint8")
    >>> views, targets = augmenter(images, {"masks": masks}, seed=(0, 1))
    >>> targets["masks"].shape
    TensorShape([16, 32, 32])
    """
    return SceneAugmenter(
        image_size,
        scale,
        stretch,
        flip_probability,
        vertical_flip_probability,
        strength,
        min_visible,
        ignore_class,
        antialias,
        seed=seed,
        jit_compile=jit_compile,
    )


def compose(
    layers: Sequence[keras.layers.Layer], *, seed: int | None = None, jit_compile: bool | str = "auto"
) -> Augmenter:
    """Return an augmentation of the given layers: from this package, keras-cv, Keras, or your own.

    Args:
        layers: List of `keras.layers.Layer`, each from a batch of images with pixels in `[0, 255]` to another.
        seed: Integer or `None`. Seed of calls without one. Defaults to `None`.
        jit_compile: `"auto"` or Boolean. See `Augmenter`. Defaults to `"auto"`.

    Returns:
        An `Augmenter`.

    Raises:
        ValueError: If there are no layers, or `jit_compile=True` and a layer cannot be compiled.
        TypeError: If an element of `layers` is not a Keras layer.

    Example:

    >>> augmenter = keras_ssl.augment.compose(
    ...     [keras_ssl.augment.RandomResizedCrop(32), keras.layers.RandomRotation(0.1)]
    ... )
    >>> views = augmenter(images)
    """
    return Augmenter(layers, seed=seed, jit_compile=jit_compile)
