"""What two tasks at once are worth: `python -m benchmarks.multi_task`.

One encoder learns from 20 000 training images of CIFAR-10, without their labels, to contrast views and to tell
rotations, by the settings for few steps of `MultiTask`'s recipe; beside it the same training with each task alone.
All see every image equally often. Then kNN (k = 200, temperature 0.1) and logistic regression on the 10 000 test
images, mean and deviation over the seeds. Runs are kept in runs/multi_task: what was interrupted goes on, and what is
done is only scored.
"""

from pathlib import Path

import click

import keras_ssl
from benchmarks.quality import DATA, Entry, both, trained
from benchmarks.timing import describe_machine, print_table
from keras_ssl import evaluate
from keras_ssl.evaluate.score import mean_score

# Without the contrastive task no task looks at views.
ROWS = {
    "contrastive": {"tasks.rotation": None},
    "rotation": {"tasks.contrastive": None, "augmenter": None},
    "both": {},
}


@click.command(help=__doc__.splitlines()[0])
@click.option("--seeds", default=3, show_default=True)
@click.option("--epochs", default=2, show_default=True)
@click.option("--images", default=20_000, show_default=True, help="Training images.")
@click.option("--test", "test_split", default="test", show_default=True, help="The images that are scored.")
@click.option("--out", default="runs/multi_task", show_default=True, type=click.Path(path_type=Path))
@click.option("--data-dir", help="Where the prepared TFDS data set lies.")
def main(seeds, epochs, images, test_split, out, data_dir):
    print(describe_machine())
    split = f"train[:{images}]"
    parts = [
        keras_ssl.data.load(DATA, part, labels=True, data_dir=data_dir, batch_size=250)
        for part in (split, test_split)
    ]
    rows = []
    for row, changes in ROWS.items():
        entry = Entry("multi_task", {"backbone.width": 16, "epochs": epochs, **changes})
        scores = []
        for seed in range(seeds):
            run = trained(entry, out / f"{row}-{epochs}-{seed}", split, data_dir, seed)
            features = [evaluate.extract_features(run.encoder(), part, verbose=0) for part in parts]
            scores.append(both(*features))
            print_table([{"tasks": row, "seed": seed, **{name: score.value for name, score in scores[-1].items()}}])
        means = {name: mean_score([score[name] for score in scores], name, "", {}).value for name in scores[0]}
        rows.append({"tasks": row, **means, "epochs": epochs})
    print_table(rows)


if __name__ == "__main__":
    main()
