"""How long each protocol of evaluation takes: `python -m benchmarks.evaluate`.

On synthetic features of ten classes, whose variances fall like those of real ones, with a quarter as many test
images. By default as many features as RGB pixels of 64 x 64 have and as a ResNet-18, of width 16 and of width 64;
`--size 500x64` takes others. `--cpu` counts the processor's seconds, which others on the machine do not lengthen.
"""

import time

import click
import numpy as np

from benchmarks.timing import describe_machine, print_table
from keras_ssl.runs import PROTOCOLS

SIZES = ("2000x12288", "50000x128", "50000x512")
CLASSES = 10
SEPARATION = 3.0


def synthetic(images, dimensions):
    """Training and test parts (features, labels): class centers in noise, in directions of ever smaller variance."""
    rng = np.random.default_rng(0)
    # As far apart in all of their dimensions together as in one.
    distance = SEPARATION / np.sqrt(dimensions)
    scales = np.sqrt(1 / np.arange(1, dimensions + 1, dtype="float32"))
    centers = rng.normal(size=(CLASSES, dimensions)).astype("float32")

    def part(count):
        labels = np.arange(count) % CLASSES
        noise = rng.standard_normal((count, dimensions), "float32")
        return np.maximum((distance * centers[labels] + noise) * scales, 0), labels

    return part(images), part(images // 4)


@click.command(help=__doc__)
@click.option("--size", "sizes", multiple=True, default=SIZES, show_default=True, help="IMAGESxFEATURES. Repeatable.")
@click.option("--protocol", "protocols", multiple=True, default=tuple(PROTOCOLS), type=click.Choice(list(PROTOCOLS)))
@click.option("--cpu", is_flag=True, help="Processor time in place of the clock's.")
def main(sizes, protocols, cpu):
    clock = time.process_time if cpu else time.perf_counter
    print(describe_machine())
    rows = []
    for size in sizes:
        train, test = synthetic(*map(int, size.split("x")))
        row = {"features": size}
        for name in protocols:
            began = clock()
            score = PROTOCOLS[name](train, test)
            seconds = clock() - began
            accuracy = list(score.values())[-1].value if isinstance(score, dict) else score.value
            row[name] = f"{seconds:.1f} s ({accuracy})"
            click.echo(f"{size} {name}: {row[name]}", err=True)
        rows.append(row)
    print_table(rows)


if __name__ == "__main__":
    main()
