"""The methods that test_promises.py holds to the promises that the design makes for all of them."""

import json
import re

import keras
import numpy as np
import pytest

import keras_ssl


def tiny_encoder(shape=(8, 8, 1)):
    """Small enough to compile in a second, and without batch normalisation, so that replicas can be compared."""
    inputs = keras.Input(shape)
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    x = keras.layers.Conv2D(8, 3, strides=2, activation="relu", padding="same")(x)
    x = keras.layers.Flatten()(x)
    return keras.Model(inputs, keras.layers.Dense(16, dtype="float32")(x))


def tiny_vit():
    return keras_ssl.backbones.vit((8, 8, 1), patch_size=2, width=16, depth=1, heads=2)


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


def tiny_decoder(codes=16, channels=1):
    pixels = keras.layers.Dense(64 * channels, dtype="float32")
    return keras.Sequential([keras.Input((codes,)), pixels, keras.layers.Reshape((8, 8, channels))])


def tiny_generator(latent_dim=4):
    inputs = keras.Input((latent_dim,))
    x = keras.layers.Reshape((4, 4, 4))(keras.layers.Dense(64, activation="relu")(inputs))
    x = keras.layers.Conv2DTranspose(1, 4, strides=2, padding="same")(x)
    x = keras.layers.Activation("tanh", dtype="float32")(x)
    return keras.Model(inputs, keras.layers.Rescaling(127.5, offset=127.5, dtype="float32")(x))


def tiny_discriminator():
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Rescaling(1 / 127.5, offset=-1, dtype="float32")(inputs)
    x = keras.layers.Conv2D(6, 4, strides=2, activation="leaky_relu", padding="same")(x)
    x = keras.layers.Conv2D(10, 4, strides=2, activation="leaky_relu", padding="same")(x)
    return keras.Model(inputs, keras.layers.Dense(1, dtype="float32")(keras.layers.Flatten()(x)))


def rising_momentum():
    return keras_ssl.optimizers.CosineMomentum(total_steps=6, initial=0.9)


def tiny_crops():
    """Two large views and two small ones, which `tiny_pooled_encoder` takes as well."""
    crops = [keras_ssl.augment.crops(side, scale=scale) for side, scale in ((8, (0.5, 1.0)), (4, (0.2, 0.5)))]
    return keras_ssl.augment.MultiCrop(*crops, local_crops=2)


#: A new method adds one line: its name, and how to build it small. `seed` and `augmenter` are passed on.
METHODS = {
    "Autoencoder": lambda **kwargs: keras_ssl.Autoencoder(
        tiny_encoder(), tiny_decoder(), denoise="gaussian", sparsity="kl", contractive_weight=0.01, **kwargs
    ),
    "BYOL": lambda **kwargs: keras_ssl.BYOL(
        tiny_encoder(), tiny_head(16, 8), tiny_head(8, 8), momentum=rising_momentum(), **kwargs
    ),
    "BarlowTwins": lambda **kwargs: keras_ssl.BarlowTwins(tiny_encoder(), tiny_head(16, 8), **kwargs),
    "Colorization": lambda **kwargs: keras_ssl.Colorization(
        tiny_encoder((8, 8, 3)), tiny_decoder(channels=2), **kwargs
    ),
    "DCGAN": lambda **kwargs: keras_ssl.DCGAN(
        (8, 8, 1), tiny_generator(), tiny_discriminator(), feature_grid=1, **kwargs
    ),
    "DCL": lambda **kwargs: keras_ssl.DCL(tiny_encoder(), tiny_head(16, 8), **kwargs),
    "DINO": lambda augmenter=None, **kwargs: keras_ssl.DINO(
        tiny_pooled_encoder(),
        tiny_head(16, 8),
        augmenter or tiny_crops(),
        prototypes=12,
        warmup_steps=4,
        frozen_steps=2,
        **kwargs,
    ),
    "DeepAutoencoder": lambda **kwargs: keras_ssl.DeepAutoencoder((8, 8, 1), (24, 20, 16), **kwargs),
    "Inpainting": lambda **kwargs: keras_ssl.Inpainting(tiny_encoder(), tiny_decoder(), **kwargs),
    "Jigsaw": lambda **kwargs: keras_ssl.Jigsaw(
        tiny_pooled_encoder((12, 12, 1)), 2, 6, tiny_head(64, 6), tile_size=5, **kwargs
    ),
    "MAE": lambda **kwargs: keras_ssl.MAE(tiny_vit(), decoder_width=16, decoder_depth=1, decoder_heads=2, **kwargs),
    "MoCo": lambda **kwargs: keras_ssl.MoCo(
        tiny_encoder(), tiny_head(16, 8), queue_size=40, key_batches=2, symmetric=True, **kwargs
    ),
    "MoCoV3": lambda **kwargs: keras_ssl.MoCoV3(tiny_encoder(), tiny_head(16, 8), tiny_head(8, 8), **kwargs),
    "MultiTask": lambda **kwargs: keras_ssl.MultiTask(
        tiny_encoder(),
        {
            "contrast": keras_ssl.tasks.Contrastive(tiny_head(16, 8)),
            "rebuild": keras_ssl.tasks.Reconstruction(decoder=tiny_decoder()),
            "fill": keras_ssl.tasks.Inpainting(decoder=tiny_decoder(), augmented=True),
            "turn": keras_ssl.tasks.Rotation(),
        },
        loss_weights="uncertainty",
        **kwargs,
    ),
    "NNCLR": lambda **kwargs: keras_ssl.NNCLR(
        tiny_encoder(), tiny_head(16, 8), tiny_head(8, 8), queue_size=28, **kwargs
    ),
    "PairwiseContrastive": lambda **kwargs: keras_ssl.PairwiseContrastive(tiny_encoder(), tiny_head(16, 8), **kwargs),
    "RotationPrediction": lambda **kwargs: keras_ssl.RotationPrediction(tiny_encoder(), **kwargs),
    "SimCLR": lambda **kwargs: keras_ssl.SimCLR(tiny_encoder(), tiny_head(16, 8), **kwargs),
    "SimMIM": lambda **kwargs: keras_ssl.SimMIM(tiny_pooled_encoder(), mask_size=2, **kwargs),
    "SimSiam": lambda **kwargs: keras_ssl.SimSiam(tiny_encoder(), tiny_head(16, 8), tiny_head(8, 8), **kwargs),
    "SwAV": lambda augmenter=None, **kwargs: keras_ssl.SwAV(
        tiny_pooled_encoder(),
        tiny_head(16, 8),
        augmenter or tiny_crops(),
        prototypes=6,
        frozen_steps=2,
        queue_size=28,
        **kwargs,
    ),
    "Triplet": lambda **kwargs: keras_ssl.Triplet(tiny_encoder(), tiny_head(16, 8), **kwargs),
    "VICReg": lambda **kwargs: keras_ssl.VICReg(tiny_encoder(), tiny_head(16, 8), **kwargs),
    "VariationalAutoencoder": lambda **kwargs: keras_ssl.VariationalAutoencoder(
        tiny_encoder(), 4, decoder=tiny_decoder(4), warmup_steps=3, **kwargs
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


#: The images of the methods that do not take small grey ones.
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
        shape = IMAGE_SHAPES.get(name, (8, 8, 1))
        self.images = np.random.default_rng(0).integers(0, 256, (24, *shape), dtype="uint8")
        self._augmenters = {}

    def shared(self):
        """The augmenter of all that is built under a dtype policy."""
        policy = keras.config.dtype_policy().name
        if policy not in self._augmenters:
            augmenter = METHODS[self.name]().augmenter
            self._augmenters[policy] = AUGMENTERS.setdefault((policy, _description(augmenter)), augmenter)
        augmenter = self._augmenters[policy]
        return {} if augmenter is None else {"augmenter": augmenter}

    def build(self, seed=0, optimizer=None, **compile_arguments):
        shared = self.shared()
        keras.utils.set_random_seed(1)
        model = METHODS[self.name](seed=seed, **shared)
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
def reference(bench):
    """The history and the state after two plain epochs, with which all other ways to train are compared."""
    model = bench.build()
    history = bench.fit(model, epochs=2)
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
def grey_views():
    """The default augmenter of grey images; one for all tests, because compiling it takes long."""
    return keras_ssl.augment.for_images((8, 8, 1))
