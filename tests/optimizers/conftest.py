import keras
import pytest


@pytest.fixture
def whole_and_resumed(rng, tmp_path):
    """A function from an optimizer's maker to two models: trained for six steps, and saved and loaded after three."""
    x, y = rng.normal(size=(6, 8, 4)).astype("float32"), rng.normal(size=(6, 8, 2)).astype("float32")

    def small_model(optimizer):
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(2)])
        model.compile(optimizer, "mse", jit_compile=False)
        return model

    def train(make_optimizer):
        whole, first = (small_model(make_optimizer()) for _ in range(2))
        for step in range(6):
            whole.train_on_batch(x[step], y[step])
        for step in range(3):
            first.train_on_batch(x[step], y[step])
        first.save(tmp_path / "model.keras")
        second = keras.saving.load_model(tmp_path / "model.keras")
        for step in range(3, 6):
            second.train_on_batch(x[step], y[step])
        return whole, second

    return train
