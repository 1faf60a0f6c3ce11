import numpy as np
import pytest

from keras_ssl import backbones
from keras_ssl.transfer import Segmenter, scene_optimizer


@pytest.fixture
def segmenter():
    return Segmenter(backbones.small_cnn((8, 8, 1), filters=(4, 8, 8)), ["a", "b"], width=4)


def test_the_head_learns_at_the_full_rate_and_layers_near_the_images_more_slowly(segmenter):
    optimizer = scene_optimizer(segmenter, 100, layer_decay=0.5)
    optimizer.build(segmenter.trainable_variables)
    rates = dict(zip([variable.path for variable in segmenter.trainable_variables], optimizer.rates, strict=True))
    kernels = [rates[layer.kernel.path] for layer in segmenter.encoder.layers if hasattr(layer, "kernel")]
    assert kernels == [0.125, 0.25, 0.5]
    encoder = {variable.path for variable in segmenter.encoder.variables}
    assert {rate for path, rate in rates.items() if path not in encoder} == {1.0}


def test_first_only_the_head_learns(segmenter):
    images, masks = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1)), np.zeros((4, 8, 8), "int32")
    segmenter.compile(scene_optimizer(segmenter, 4, head_first=0.5, warmup=0.0))
    kernel, head = segmenter.encoder.trainable_weights[0], segmenter.classifier.kernel
    changed = []
    for _ in range(4):
        before = kernel.numpy(), head.numpy()
        segmenter.train_on_batch(images, masks)
        changed.append((np.any(kernel.numpy() != before[0]), np.any(head.numpy() != before[1])))
    assert changed[:3] == [(False, True), (False, True), (True, True)]


@pytest.mark.parametrize("wrong", [{"learning_rate": 0}, {"warmup": 2}, {"head_first": -1}, {"layer_decay": 0}])
def test_arguments_are_checked(segmenter, wrong):
    with pytest.raises(ValueError, match="Received: "):
        scene_optimizer(segmenter, 100, **wrong)
