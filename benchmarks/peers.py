"""A whole training step beside PyTorch's passes alone: `pip install torch`, then `python -m benchmarks.peers`.

For methods with the networks of their CIFAR-10 recipes, ResNet-18 of width 16, all in one run and in turns:

- fit: images per second of `model.fit` with everything that belongs to it, as in `benchmarks.step`;
- PyTorch: of the forward and backward passes of the same networks on views of the same sizes, and nothing else. No
  augmentation, no loss, no optimizer, no loop: no library on eager PyTorch can train faster. With channels last in
  memory, and with channels first, which is what PyTorch does unless told otherwise;
- ratio: fit / PyTorch, the median over the rounds.
"""

import click
import keras
import torch
from torch import nn

import keras_ssl
from benchmarks.step import CASES, median_ratio, times_in_turns
from benchmarks.timing import describe_machine, median, print_table

METHODS = ("SimCLR, width 16", "MoCo", "BYOL", "BarlowTwins", "VICReg", "SwAV")
WIDTH = 16


class BasicBlock(nn.Module):
    def __init__(self, inputs, filters, stride):
        super().__init__()
        self.residual = nn.Sequential(
            *_conv(inputs, filters, 3, stride), nn.ReLU(inplace=True), *_conv(filters, filters, 3, 1)
        )
        same = stride == 1 and inputs == filters
        self.shortcut = nn.Identity() if same else nn.Sequential(*_conv(inputs, filters, 1, stride))

    def forward(self, x):
        return torch.relu(self.residual(x) + self.shortcut(x))


def resnet18(width):
    """`keras_ssl.backbones.resnet18` with the small stem."""
    layers, channels = [*_conv(3, width, 3, 1), nn.ReLU(inplace=True)], width
    for stage in range(4):
        for index in range(2):
            filters = width * 2**stage
            layers.append(BasicBlock(channels, filters, 2 if stage > 0 and index == 0 else 1))
            channels = filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def _conv(inputs, filters, kernel_size, stride):
    convolution = nn.Conv2d(inputs, filters, kernel_size, stride, kernel_size // 2, bias=False)
    return convolution, nn.BatchNorm2d(filters)


def twin(network):
    """The layers of a head in PyTorch."""
    layers = []
    for layer in network.layers if isinstance(network, keras.Sequential) else [network]:
        if isinstance(layer, keras.layers.Dense):
            layers.append(nn.Linear(*layer.kernel.shape, bias=layer.use_bias))
        elif isinstance(layer, keras_ssl.layers.Prototypes):
            layers.append(nn.Linear(*layer.kernel.shape, bias=False))
        elif isinstance(layer, keras.layers.BatchNormalization):
            layers.append(nn.BatchNorm1d(layer.moving_mean.shape[0]))
        elif isinstance(layer, keras.layers.ReLU):
            layers.append(nn.ReLU(inplace=True))
        else:
            raise TypeError(f"Nothing in PyTorch stands here for {type(layer).__name__}.")
    return nn.Sequential(*layers)


def pytorch(method, batch_size, memory_format):
    """The passes of `method` in PyTorch: a function of a batch of images that takes views of noise in their place."""
    heads = [getattr(method, name) for name in ("projector", "predictor", "prototypes") if hasattr(method, name)]
    online = nn.Sequential(resnet18(WIDTH), *map(twin, heads)).to(memory_format=memory_format)
    views = {method.encoder.input_shape[1:3]: 2}
    if isinstance(method.augmenter, keras_ssl.augment.MultiCrop):
        views[method.augmenter.local_size] = method.small_views
    noise = [
        torch.rand(number * batch_size, 3, *size).to(memory_format=memory_format) for size, number in views.items()
    ]
    target = None
    if hasattr(method, "target_encoder"):
        target = nn.Sequential(resnet18(WIDTH), twin(method.target_projector)).to(memory_format=memory_format)

    def passes(_images):
        online.zero_grad()
        sum(online(batch).square().sum() for batch in noise).backward()
        if target is not None:
            with torch.no_grad():
                target(noise[0])

    return passes


def measure(name, steps, rounds):
    """A row: images per second of fit and of PyTorch's passes, in turns."""
    case = CASES[name]

    def passes(layout):
        return lambda method: pytorch(method, case.batch_size, layout)

    _, _, times = times_in_turns(
        case,
        "float32",
        steps,
        rounds,
        channels_last=passes(torch.channels_last),
        channels_first=passes(torch.contiguous_format),
    )
    speeds = {name: f"{case.batch_size / median(taken):.0f}" for name, taken in times.items()}
    return {
        "method": name,
        "batch": case.batch_size,
        "fit images/s": speeds["fit"],
        "PyTorch, channels last": speeds["channels_last"],
        "ratio": f"{median_ratio(times, 'channels_last'):.2f}",
        "PyTorch, channels first": speeds["channels_first"],
        "its ratio": f"{median_ratio(times, 'channels_first'):.2f}",
    }


@click.command(help=__doc__.splitlines()[0])
@click.option("--only", multiple=True, type=click.Choice(METHODS), help="Rows to measure. Repeatable. [default: all]")
@click.option("--steps", default=3, show_default=True, help="Steps per round.")
@click.option("--rounds", default=5, show_default=True, help="Rounds of fit and PyTorch in turns.")
def main(only, steps, rounds):
    print(f"{describe_machine()}, PyTorch {torch.__version__}, {torch.get_num_threads()} threads")
    print_table([measure(name, steps, rounds) for name in only or METHODS])


if __name__ == "__main__":
    main()
