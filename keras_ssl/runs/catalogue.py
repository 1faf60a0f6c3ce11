from keras_ssl import recipes
from keras_ssl.backbones import conv_encoder, mlp, resnet18, resnet50, small_cnn, vit
from keras_ssl.runs.evaluation import PROTOCOLS, TRAINING_PROTOCOLS

BACKBONES = (small_cnn, mlp, resnet18, resnet50, vit, conv_encoder)
EXAMPLE = "simclr"  # whose settings have what most recipes have


def catalogue() -> dict[str, list[tuple[str, str]]]:
    """List methods, data, backbones, protocols and settings: a dict of lists of (name, description)."""
    methods = [recipes.load(name) for name in recipes.names()]
    return {
        "Methods": [(recipe.name, f"{recipe.settings['method']}: {recipe.summary}") for recipe in methods],
        "Data": [
            ("digits", "1797 handwritten digits of 8 x 8 pixels, from scikit-learn, no download"),
            ("NAME", "any TFDS data set of images, such as cifar10 or eurosat: tensorflow.org/datasets"),
            ("FOLDER", "PNG, JPEG, BMP, GIF, WebP, TIFF or DICOM files, with one subfolder a class or without"),
        ],
        "Backbones": [(function.__name__, _summary(function)) for function in BACKBONES],
        "Protocols": [
            *((name, _summary(function)) for name, function in PROTOCOLS.items()),
            *((name, _summary(function)) for name, (function, _) in TRAINING_PROTOCOLS.items()),
        ],
        f"Settings of a recipe, with those of {EXAMPLE}": [
            (key, str(value)) for key, value in recipes.load(EXAMPLE).settings.items() if key != "method"
        ],
    }


def _summary(function):
    return function.__doc__.splitlines()[0]
