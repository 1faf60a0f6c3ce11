"""What pretraining is worth where labels are few: `python -m benchmarks.fine_tune RUN`.

Fine-tuning from a run's encoder beside the same network from scratch, at 1 % and 10 % of the labels of 20 000
training images of CIFAR-10: accuracy on the 10 000 test images, mean and deviation over three draws of labels, each
with its own seed of the training. Both make the same number of steps, 500 or ten epochs, whichever is more, with the
defaults of `transfer.fine_tune` and `transfer.from_scratch`. Nothing is tuned on the test images, which each trained
network meets once. Let the run have learned from the same images: `keras-ssl pretrain --split train[:20000]`.
"""

import time

import click

import keras_ssl
from benchmarks.timing import describe_machine
from keras_ssl import evaluate, runs, transfer


@click.command(help=__doc__.splitlines()[0])
@click.argument("run")
@click.option("--data", default="cifar10", show_default=True, help="digits, or the name of a TFDS data set.")
@click.option("--images", default=20_000, show_default=True, help="Training images whose labels are drawn from.")
@click.option("--share", "shares", multiple=True, type=float, default=(0.01, 0.1), show_default=True)
@click.option("--seeds", default=3, show_default=True, help="Draws of labels.")
@click.option("--epochs", type=int, help="Epochs of each training.  [default: 500 steps' worth, and ten at least]")
@click.option("--data-dir", help="Where the prepared TFDS data set lies.")
def main(run, data, images, shares, seeds, epochs, data_dir):
    print(describe_machine())
    encoder = runs.Run(run).encoder()
    train, test = (
        keras_ssl.data.load(data, split, labels=True, data_dir=data_dir) for split in (f"train[:{images}]", "test")
    )
    start = time.perf_counter()
    rows = transfer.few_label(train, test, encoder=encoder, shares=shares, repeats=seeds, epochs=epochs)
    print("", evaluate.format_table(rows, title="network"), "", sep="\n")
    print(f"{2 * len(shares) * seeds} trainings in {(time.perf_counter() - start) / 60:.0f} minutes")


if __name__ == "__main__":
    main()
