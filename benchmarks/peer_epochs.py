"""Whole epochs of SimCLR beside a PyTorch loop's: `python -m benchmarks.peer_epochs`.

`pip install torch torchvision kornia` first; on a CPU, PyTorch's CPU build, since the triton that comes with its CUDA
build crashes beside TensorFlow.

Both sides train the same ResNet-18 of width 16 and projector on the same images of 32 px with everything that belongs
to it: shuffled batches, views, NT-Xent, SGD with momentum. All in one run and in turns:

- fit: images per second of `keras_ssl.SimCLR`'s `fit`, from its call to its return;
- torchvision: of the loop with torchvision's transforms, image by image in a DataLoader with a worker per further
  core, as lightly has them;
- kornia: of the loop with kornia's transforms of whole batches;
- ratio: fit / loop, the median over the rounds.

PyTorch has channels last in memory, its faster layout on CPUs. In bfloat16 it runs under torch.autocast, fit under
the policy mixed_bfloat16.
"""

import click
import keras
import kornia.augmentation as kornia
import numpy as np
import torch
from torch.nn import functional
from torchvision import transforms

import keras_ssl
from benchmarks.peers import WIDTH, resnet18, twin
from benchmarks.step import CASES, computes_bfloat16
from benchmarks.timing import describe_machine, median, print_table, seconds
from keras_ssl.cpu import usable_cores

SIZE = 32
TEMPERATURE = 0.5
POLICIES = ("float32", "mixed_bfloat16")


class TwoViews(torch.utils.data.Dataset):
    """Two views of each image by torchvision, as tensors."""

    def __init__(self, images):
        self.images = images
        self.transform = transforms.Compose(
            [
                transforms.ToPILImage(),
                transforms.RandomResizedCrop(SIZE, (0.08, 1.0)),
                transforms.RandomHorizontalFlip(),
                transforms.RandomApply([transforms.ColorJitter(0.4, 0.4, 0.4, 0.1)], p=0.8),
                transforms.RandomGrayscale(0.2),
                transforms.ToTensor(),
            ]
        )

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.transform(self.images[index]), self.transform(self.images[index])


def torchvision_batches(images, batch_size):
    """Batches of views (2 * batch, 3, height, width) in [0, 1]."""
    loader = torch.utils.data.DataLoader(
        TwoViews(images), batch_size, shuffle=True, drop_last=True, num_workers=usable_cores() - 1
    )
    for views in loader:
        yield torch.cat(views)


def kornia_batches(images, batch_size):
    """Batches of views (2 * batch, 3, height, width) in [0, 1]."""
    transform = torch.nn.Sequential(
        kornia.RandomResizedCrop((SIZE, SIZE), scale=(0.08, 1.0)),
        kornia.RandomHorizontalFlip(),
        kornia.ColorJitter(0.4, 0.4, 0.4, 0.1, p=0.8),
        kornia.RandomGrayscale(p=0.2),
    )
    images = torch.from_numpy(images).permute(0, 3, 1, 2)
    for indices in torch.randperm(len(images))[: len(images) // batch_size * batch_size].split(batch_size):
        batch = images[indices].float() / 255.0
        yield torch.cat([transform(batch), transform(batch)])


def nt_xent(projections):
    """SimCLR's loss of projections (2 * batch, units), view after view."""
    projections = functional.normalize(projections.float())
    logits = projections @ projections.T / TEMPERATURE
    logits.fill_diagonal_(float("-inf"))
    return functional.cross_entropy(logits, torch.arange(len(logits)).roll(len(logits) // 2))


def pytorch_loop(model, images, batch_size, bfloat16, batches):
    """A function of a number of epochs that trains the networks of `model` in PyTorch."""
    network = torch.nn.Sequential(resnet18(WIDTH), twin(model.projector)).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), 1e-3, momentum=0.9)

    def train(epochs):
        for _ in range(epochs):
            for views in batches(images, batch_size):
                optimizer.zero_grad()
                with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
                    projections = network(views.to(memory_format=torch.channels_last))
                nt_xent(projections).backward()
                optimizer.step()

    return train


def measure(policy, steps, epochs, rounds):
    """A row: images per second of whole epochs of fit and of both loops, in turns."""
    keras.config.set_dtype_policy(policy)
    case = CASES["SimCLR, width 16"]
    images = np.random.default_rng(0).integers(0, 256, (steps * case.batch_size, SIZE, SIZE, 3), dtype="uint8")
    model = case.build()
    model.compile(keras.optimizers.SGD(1e-3, momentum=0.9))
    bfloat16 = policy == "mixed_bfloat16"
    trains = {
        "fit": lambda epochs: model.fit(images, batch_size=case.batch_size, epochs=epochs, verbose=0),
        "torchvision": pytorch_loop(model, images, case.batch_size, bfloat16, torchvision_batches),
        "kornia": pytorch_loop(model, images, case.batch_size, bfloat16, kornia_batches),
    }
    for train in trains.values():
        train(1)
    times = {name: [] for name in trains}
    for _ in range(rounds):
        for name, train in trains.items():
            times[name].append(seconds(lambda train=train: train(epochs)))
    row = {"policy": policy, "batch": case.batch_size, "steps": epochs * steps}
    for name, taken in times.items():
        row[f"{name}, images/s"] = f"{epochs * len(images) / median(taken):.0f}"
        if name != "fit":
            ratio = median(theirs / ours for theirs, ours in zip(taken, times["fit"], strict=True))
            row[f"fit / {name}"] = f"{ratio:.2f}"
    return row


@click.command(help=__doc__.splitlines()[0])
@click.option("--policy", type=click.Choice([*POLICIES, "all"]), default="all")
@click.option("--steps", default=10, show_default=True, help="Steps an epoch.")
@click.option("--epochs", default=3, show_default=True, help="Epochs of each side per round.")
@click.option("--rounds", default=3, show_default=True, help="Rounds of all sides in turns.")
def main(policy, steps, epochs, rounds):
    torch.set_num_threads(usable_cores())
    print(f"{describe_machine()}, PyTorch {torch.__version__}, keras_ssl {keras_ssl.__version__}")
    policies = POLICIES if policy == "all" else [policy]
    if policy == "all" and not computes_bfloat16():
        policies = POLICIES[:1]
        print("No bfloat16 instructions here; --policy mixed_bfloat16 tries it anyway.")
    print_table([measure(policy, steps, epochs, rounds) for policy in policies])


if __name__ == "__main__":
    main()
