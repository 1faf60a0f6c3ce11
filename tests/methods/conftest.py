"""The methods that test_promises.py holds to the promises that the design makes for all of them."""

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


def tiny_head(inputs, outputs):
    return keras.Sequential(
        [
            keras.Input((inputs,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(outputs, dtype="float32"),
        ]
    )


#: A new method adds one line: its name, and how to build it small. `seed` is passed on.
METHODS = {
    "SimCLR": lambda **kwargs: keras_ssl.SimCLR(tiny_encoder(), tiny_head(16, 8), **kwargs),
}

#: How a method is compiled that takes more than one optimizer; all others take `optimizer`.
OPTIMIZERS = {}


def one_optimizer(optimizer):
    return {"optimizer": optimizer}


class Bench:
    """Builds and fits one method on the same few images, from the same weights each time."""

    def __init__(self, name):
        self.name = name
        self.images = np.random.default_rng(0).integers(0, 256, (24, 8, 8, 1), dtype="uint8")

    def build(self, seed=0, optimizer=None, **compile_arguments):
        keras.utils.set_random_seed(1)
        model = METHODS[self.name](seed=seed)
        optimizers = OPTIMIZERS.get(self.name, one_optimizer)
        model.compile(**optimizers(optimizer or keras.optimizers.SGD(0.05, momentum=0.9)), **compile_arguments)
        return model

    def fit(self, model, images=None, **kwargs):
        images = self.images if images is None else images
        return model.fit(images, batch_size=8, verbose=0, **kwargs).history

    @staticmethod
    def state(model):
        """All that the model and its optimizers own, as one vector."""
        owned = [*model.weights, *model.optimizer.variables]
        return np.concatenate([np.asarray(v).astype("float64").ravel() for v in owned])


@pytest.fixture(scope="module", params=sorted(METHODS))
def bench(request):
    return Bench(request.param)


@pytest.fixture(scope="module")
def reference(bench):
    """The history and the state after two plain epochs, with which all other ways to train are compared."""
    model = bench.build()
    history = bench.fit(model, epochs=2)
    return history, bench.state(model)
