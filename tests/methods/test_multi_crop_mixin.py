import keras
import pytest

import keras_ssl
from keras_ssl import heads


@pytest.mark.filterwarnings("ignore:Without batch normalization")
@pytest.mark.parametrize("method", [keras_ssl.SwAV, keras_ssl.DINO])
def test_eager_steps_wire_the_encoder_for_small_crops_once(method, encoder, crops, rng, monkeypatch):
    model = method(encoder, heads.projection_head(8, 16, 12), crops, prototypes=5)
    model.compile("sgd", run_eagerly=True)
    wired = []
    clone = keras.models.clone_model
    monkeypatch.setattr(
        keras.models, "clone_model", lambda *args, **kwargs: wired.append(1) or clone(*args, **kwargs)
    )
    weights = len(model.weights)
    for _ in range(2):
        model.train_on_batch(rng.integers(0, 256, (4, 8, 8, 1), dtype="uint8"))
    assert len(wired) == 1 and len(model.weights) == weights
