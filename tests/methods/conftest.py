"""The methods that test_promises.py holds to the promises that the design makes for all of them."""

import json
import math
import re

import keras
import numpy as np
import pytest

import keras_ssl


def tiny_encoder(shape=(8, 8, 1)):
    """Small enough to compile in a second, and without batch normalization, so that replicas can be compared."""
    inputs = keras.Input(shape)
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    x = keras.layers.Conv2D(8, 3, strides=2, activation="relu", padding="same")(x)
    x = keras.layers.Flatten()(x)
    return keras.Model(inputs, keras.layers.Dense(16, dtype="float32")(x))


def tiny_vit(shape):
    return keras_ssl.backbones.vit(shape, patch_size=2, width=16, depth=1, heads=2)


def tiny_pooled_encoder(shape=(8, 8, 1)):
    """Like `tiny_encoder`, with a feature map that it pools."""
    inputs = keras.Input(shape)
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    x = keras.layers.Conv2D(16, 3, strides=2, activation="relu", padding="same")(x)
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D(dtype="float32")(x))


def tiny_head(inputs, outputs):
    return keras.Sequential(
        [
            keras.Input((inputs,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(outputs, dtype="float32"),
        ]
    )


def tiny_decoder(shape, codes=16):
    pixels = keras.layers.Dense(math.prod(shape), dtype="float32")
    return keras.Sequential([keras.Input((codes,)), pixels, keras.layers.Reshape(shape)])


def tiny_generator(shape, latent_dim=4):
    height, width, channels = shape
    small = (-(-height // 2), -(-width // 2), 4)
    inputs = keras.Input((latent_dim,))
    x = keras.layers.Reshape(small)(keras.layers.Dense(math.prod(small), activation="relu")(inputs))
    x = keras.layers.Conv2DTranspose(channels, 4, strides=2, padding="same")(x)
    if small[:2] != (height / 2, width / 2):
        x = keras.layers.Cropping2D(((0, 2 * small[0] - height), (0, 2 * small[1] - width)))(x)
    x = keras.layers.Activation("tanh", dtype="float32")(x)
    return keras.Model(inputs, keras.layers.Rescaling(127.5, offset=127.5, dtype="float32")(x))


def tiny_discriminator(shape):
    inputs = keras.Input(shape)
    x = keras.layers.Rescaling(1 / 127.5, offset=-1, dtype="float32")(inputs)
    x = keras.layers.Conv2D(6, 4, strides=2, activation="leaky_relu", padding="same")(x)
    x = keras.layers.Conv2D(10, 4, strides=2, activation="leaky_relu", padding="same")(x)
    return keras.Model(inputs, keras.layers.Dense(1, dtype="float32")(keras.layers.Flatten()(x)))


def rising_momentum():
    return keras_ssl.optimizers.CosineMomentum(total_steps=6, initial=0.9)


def tiny_crops(shape=(8, 8, 1)):
    """Two large views and two small ones, which `tiny_pooled_encoder` takes as well."""
    sizes = (shape[:2], (0.5, 1.0)), ((shape[0] // 2, shape[1] // 2), (0.2, 0.5))
    crops = [keras_ssl.augment.crops(size, scale=scale) for size, scale in sizes]
    return keras_ssl.augment.MultiCrop(*crops, local_crops=2)


#: A new method adds one line: its name, and how to build it small for images of a shape. `seed` and `augmenter` are
#: passed on.
METHODS = {
    "Autoencoder": lambda shape, **kwargs: keras_ssl.Autoencoder(
        tiny_encoder(shape), tiny_decoder(shape), denoise="gaussian", sparsity="kl", contractive_weight=0.01, **kwargs
    ),
    "BYOL": lambda shape, **kwargs: keras_ssl.BYOL(
        tiny_encoder(shape), tiny_head(16, 8), tiny_head(8, 8), momentum=rising_momentum(), **kwargs
    ),
    "BarlowTwins": lambda shape, **kwargs: keras_ssl.BarlowTwins(tiny_encoder(shape), tiny_head(16, 8), **kwargs),
    "Colorization": lambda shape, **kwargs: keras_ssl.Colorization(
        tiny_encoder(shape), tiny_decoder((*shape[:2], 2)), **kwargs
    ),
    "DCGAN": lambda shape, **kwargs: keras_ssl.DCGAN(
        shape, tiny_generator(shape), tiny_discriminator(shape), feature_grid=1, **kwargs
    ),
    "DCL": lambda shape, **kwargs: keras_ssl.DCL(tiny_encoder(shape), tiny_head(16, 8), **kwargs),
    "DINO": lambda shape, augmenter=None, **kwargs: keras_ssl.DINO(
        tiny_pooled_encoder(shape),
        tiny_head(16, 8),
        augmenter or tiny_crops(shape),
        prototypes=12,
        warmup_steps=4,
        frozen_steps=2,
        **kwargs,
    ),
    "DeepAutoencoder": lambda shape, **kwargs: keras_ssl.DeepAutoencoder(shape, (24, 20, 16), **kwargs),
    "Inpainting": lambda shape, **kwargs: keras_ssl.Inpainting(tiny_encoder(shape), tiny_decoder(shape), **kwargs),
    "Jigsaw": lambda shape, **kwargs: keras_ssl.Jigsaw(
        tiny_pooled_encoder(shape), 2, 6, tiny_head(64, 6), tile_size=5, **kwargs
    ),
    "MAE": lambda shape, **kwargs: keras_ssl.MAE(
        tiny_vit(shape), decoder_width=16, decoder_depth=1, decoder_heads=2, **kwargs
    ),
    "MoCo": lambda shape, **kwargs: keras_ssl.MoCo(
        tiny_encoder(shape), tiny_head(16, 8), queue_size=40, key_batches=2, symmetric=True, **kwargs
    ),
    "MoCoV3": lambda shape, **kwargs: keras_ssl.MoCoV3(
        tiny_encoder(shape), tiny_head(16, 8), tiny_head(8, 8), **kwargs
    ),
    "MultiTask": lambda shape, **kwargs: keras_ssl.MultiTask(
        tiny_encoder(shape),
        {
            "contrast": keras_ssl.tasks.Contrastive(tiny_head(16, 8)),
            "rebuild": keras_ssl.tasks.Reconstruction(decoder=tiny_decoder(shape)),
            "fill": keras_ssl.tasks.MissingBlock(decoder=tiny_decoder(shape), augmented=True),
            "turn": keras_ssl.tasks.Rotation(),
        },
        loss_weights="uncertainty",
        **kwargs,
    ),
    "NNCLR": lambda shape, **kwargs: keras_ssl.NNCLR(
        tiny_encoder(shape), tiny_head(16, 8), tiny_head(8, 8), queue_size=28, **kwargs
    ),
    "PairwiseContrastive": lambda shape, **kwargs: keras_ssl.PairwiseContrastive(
        tiny_encoder(shape), tiny_head(16, 8), **kwargs
    ),
    "RotationPrediction": lambda shape, **kwargs: keras_ssl.RotationPrediction(tiny_encoder(shape), **kwargs),
    "SimCLR": lambda shape, **kwargs: keras_ssl.SimCLR(tiny_encoder(shape), tiny_head(16, 8), **kwargs),
    "SimMIM": lambda shape, **kwargs: keras_ssl.SimMIM(tiny_pooled_encoder(shape), mask_size=2, **kwargs),
    "SimSiam": lambda shape, **kwargs: keras_ssl.SimSiam(
        tiny_encoder(shape), tiny_head(16, 8), tiny_head(8, 8), **kwargs
    ),
    "SwAV": lambda shape, augmenter=None, **kwargs: keras_ssl.SwAV(
        tiny_pooled_encoder(shape),
        tiny_head(16, 8),
        augmenter or tiny_crops(shape),
        prototypes=6,
        frozen_steps=2,
        queue_size=28,
        **kwargs,
    ),
    "Triplet": lambda shape, **kwargs: keras_ssl.Triplet(tiny_encoder(shape), tiny_head(16, 8), **kwargs),
    "VICReg": lambda shape, **kwargs: keras_ssl.VICReg(tiny_encoder(shape), tiny_head(16, 8), **kwargs),
    "VariationalAutoencoder": lambda shape, **kwargs: keras_ssl.VariationalAutoencoder(
        tiny_encoder(shape), 4, decoder=tiny_decoder(shape, codes=4), warmup_steps=3, **kwargs
    ),
}

#: One method for each mechanism: pairs in a batch, a queue with a momentum encoder, crops of two sizes with frozen
#: prototypes, random latents with a warm-up, masked tokens, two optimizers. `make test` holds them to all promises,
#: and the others to those that compile little; `make test-all` holds all methods to all promises.
MECHANISMS = ("SimCLR", "MoCo", "SwAV", "VariationalAutoencoder", "MAE", "DCGAN")


@pytest.hookimpl(tryfirst=True)  # before pytest deselects the slow ones
def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("costly") and item.callspec.params["bench"] not in MECHANISMS:
            item.add_marker(pytest.mark.slow)


#: The images of the methods that do not take small gray ones.
IMAGE_SHAPES = {"Colorization": (8, 8, 3), "Jigsaw": (12, 12, 1)}

#: How a method is compiled that takes more than one optimizer; all others take `optimizer`.
OPTIMIZERS = {
    "DCGAN": lambda optimizer: copies(optimizer, "generator_optimizer", "discriminator_optimizer"),
}


def one_optimizer(optimizer):
    return {"optimizer": optimizer}


def copies(optimizer, *names):
    return {name: type(optimizer).from_config(optimizer.get_config()) for name in names}


#: Augmenters by what they do, one for all methods and tests: compiling one takes most of such a short fit.
AUGMENTERS = {}


class Bench:
    """Builds and fits one method on the same few images, from the same weights each time."""

    def __init__(self, name):
        self.name = name
        self.shape = IMAGE_SHAPES.get(name, (8, 8, 1))
        self.images = np.random.default_rng(0).integers(0, 256, (24, *self.shape), dtype="uint8")
        self._augmenters = {}

    def shared(self):
        """The augmenter of all that is built under a dtype policy."""
        policy = keras.config.dtype_policy().name
        if policy not in self._augmenters:
            augmenter = METHODS[self.name](self.shape).augmenter
            self._augmenters[policy] = AUGMENTERS.setdefault((policy, _description(augmenter)), augmenter)
        augmenter = self._augmenters[policy]
        return {} if augmenter is None else {"augmenter": augmenter}

    def build(self, seed=0, optimizer=None, shape=None, **compile_arguments):
        shared = {} if shape else self.shared()
        keras.utils.set_random_seed(1)
        model = METHODS[self.name](shape or self.shape, seed=seed, **shared)
        optimizers = OPTIMIZERS.get(self.name, one_optimizer)
        model.compile(**optimizers(optimizer or keras.optimizers.SGD(0.05, momentum=0.9)), **compile_arguments)
        return model

    def fit(self, model, images=None, **kwargs):
        images = self.images if images is None else images
        return model.fit(images, batch_size=8, verbose=0, **kwargs).history

    @staticmethod
    def state(model):
        """All that the model and its optimizers own, as one vector."""
        optimizers = [value for _, value in sorted(vars(model).items()) if isinstance(value, keras.Optimizer)]
        owned = [*model.weights, *(variable for optimizer in optimizers for variable in optimizer.variables)]
        return np.concatenate([np.asarray(v).astype("float64").ravel() for v in owned])


def _description(augmenter):
    """The layers with their arguments, without the names that count how many there were."""
    return re.sub(r'"name": "[^"]*"', "", json.dumps(keras.saving.serialize_keras_object(augmenter)))


@pytest.fixture(scope="module", params=sorted(METHODS))
def bench(request):
    return Bench(request.param)


@pytest.fixture(scope="module")
def trained(bench):
    """A model after two plain epochs, for tests that leave it as it is, and its history. One, to compile it once."""
    model = bench.build()
    return model, bench.fit(model, epochs=2, validation_data=bench.images[:16])


@pytest.fixture(scope="module")
def reference(bench, trained):
    """That history and the state then, with which all other ways to train are compared."""
    model, history = trained
    return history, bench.state(model)


@pytest.fixture
def encoder():
    """With batch normalization, for tests of a single method."""
    return keras_ssl.backbones.small_cnn((8, 8, 1), filters=(4, 8))


@pytest.fixture
def views(rng):
    """Two views of six images."""
    return rng.uniform(0, 255, (12, 8, 8, 1)).astype("float32")


@pytest.fixture(scope="session")
def crops():
    """One for all tests, because compiling it takes long."""
    return tiny_crops()


@pytest.fixture(scope="session")
def gray_views():
    """The default augmenter of gray images; one for all tests, because compiling it takes long."""
    return keras_ssl.augment.for_images((8, 8, 1))
