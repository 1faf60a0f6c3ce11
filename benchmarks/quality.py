"""How good each method's features are on CIFAR-10 after a short training: `python -m benchmarks.quality`.

Every method learns from the same 20 000 training images without their labels, meant for at most 15 minutes on two
quiet cores, with the CIFAR-10 settings of its recipe but for what EPOCHS and SPECIAL change. Then, on the 10 000
test images:

- kNN: cosine, 200 neighbors among the 20 000, temperature 0.1;
- linear: scikit-learn's logistic regression on standardized features of the 20 000;
- both for encoders of the same shape with random weights (mean and deviation over three), and for raw pixels;
- error: mean squared error of rebuilt test images, pixels in [0, 1], beside that of PCA fitted on the same images
  with as many dimensions.

Runs are kept in runs/quality, scores too: a second call trains nothing and prints the same tables; a run that was
interrupted goes on. Settings are chosen with `--test "train[45000:]"`, on images that are neither learned from nor
tested on.
"""

import functools
import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np

import keras_ssl
from benchmarks.timing import describe_machine, print_table
from keras_ssl import evaluate, recipes, runs

DATA = "cifar10"


@dataclass(frozen=True)
class Entry:
    """A row: the recipe, and what it changes of the recipe's CIFAR-10 settings for this budget."""

    method: str
    changes: dict = field(default_factory=dict)


def narrow_backbone(name):
    """Overrides of a recipe's settings: width 16 for a ResNet, in place of 64; nothing for other networks."""
    backbone = recipes.load(name, DATA).settings.get("backbone") or {}
    return {"backbone.width": 16} if backbone.get("name", "").startswith("resnet") else {}


# A row has its method's name, and the recipe's settings for few steps with a narrow network. 4 epochs keep it within
# ten minutes or so; these have more.
EPOCHS = {
    "simclr": 10,
    "moco": 10,
    "byol": 10,
    "barlow_twins": 10,
    "swav": 10,
    "dino": 10,
    "pairwise_contrastive": 10,
    "jigsaw": 20,
}

# 300 steps an epoch in place of 78: within so few epochs it is the steps that count.
SMALL_STEPS = {"batch_size": 64, "learning_rate.base": 4e-3, "learning_rate.warmup_epochs": 1}

# Rows with other names or other changes.
SPECIAL = {
    "autoencoder": Entry("autoencoder"),
    "denoising autoencoder": Entry("autoencoder", {"arguments.denoise": "gaussian", "epochs": 3}),
    "sparse autoencoder": Entry("autoencoder", {"arguments.sparsity": "l1", "epochs": 3}),
    "deep autoencoder": Entry("deep_autoencoder"),
    "variational autoencoder": Entry("variational_autoencoder", {"epochs": 3}),
    # The recipe's transformer and its 800 epochs are for accelerators.
    "MAE": Entry(
        "mae",
        {
            **SMALL_STEPS,
            "epochs": 11,
            "backbone": {"name": "vit", "patch_size": 4, "width": 128, "depth": 4, "heads": 4},
            "arguments.decoder_width": 64,
            "arguments.decoder_depth": 1,
            "arguments.decoder_heads": 2,
        },
    ),
    "SimMIM": Entry("simmim", {**SMALL_STEPS, "epochs": 4, "backbone.width": 16}),
    # 896 features in place of 3584, on which a logistic regression takes longer than the training.
    "DCGAN": Entry("dcgan", {"epochs": 8, "arguments.feature_grid": 2}),
}

# `benchmarks.multi_task` has the tasks together; the other two are not measured.
LEFT_OUT = {"multi_task", "colorization", "inpainting"}


def entries():
    """The rows: every method that has a recipe, then the special ones."""
    special = {entry.method for entry in SPECIAL.values()}
    rows = {}
    for name in recipes.names():
        if name not in special | LEFT_OUT:
            method = recipes.load(name).settings["method"]
            rows[method] = Entry(name, {**narrow_backbone(name), "epochs": EPOCHS.get(name, 4)})
    return {**rows, **SPECIAL}


ENTRIES = entries()


def images_of(split, data_dir):
    batches = keras_ssl.data.load(DATA, split, batch_size=1000, shuffle=False, data_dir=data_dir)
    return np.concatenate(list(batches.as_numpy_iterator()))


def trained(entry, folder, split, data_dir, seed=0):
    """The run of an entry, trained, gone on with where it was interrupted, or as it is where it is complete."""
    if folder.exists():
        return runs.resume(folder, verbose=2)
    return runs.pretrain(
        entry.method,
        DATA,
        folder,
        split=split,
        data_dir=data_dir,
        overrides=entry.changes,
        seed=seed,
        monitor=False,
        verbose=2,
    )


def train(name, out, split, data_dir):
    """The run of a row; its minutes are kept beside it."""
    folder = out / name.replace(" ", "-")
    minutes = folder / "minutes.json"
    if minutes.exists():
        return runs.Run(folder)
    start = time.perf_counter()
    run = trained(ENTRIES[name], folder, split, data_dir)
    minutes.write_text(json.dumps((time.perf_counter() - start) / 60))
    return run


def cached(path, compute):
    """What `compute()` returned, now or the first time."""
    if not path.exists():
        path.write_text(json.dumps(compute(), indent=2))
    return json.loads(path.read_text())


def both(train, test):
    """Scores of one encoder's features; no part of them was tuned on the test images."""
    return {"kNN": evaluate.knn(train, test, k=200, temperature=0.1), "linear": evaluate.linear_probe(train, test)}


def score_features(run, train, test):
    encoder = run.encoder()
    features = (evaluate.extract_features(encoder, part, verbose=0) for part in (train, test))
    return {"features": encoder.output_shape[-1], **{name: score.value for name, score in both(*features).items()}}


def score_random(run, train, test):
    random = evaluate.random_baseline(run.encoder(), train, test, both, seeds=3)
    return {f"random {name}": score.value for name, score in random.items()}


def network_of(run):
    """A file name for the shape of a run's encoder, which many methods have in common."""
    return slug(json.dumps(run.config["recipe"].get("backbone", run.config["name"]), sort_keys=True))


def slug(text):
    return re.sub(r"\W+", "-", text).strip("-")


def score_reconstructions(run, train, test):
    model = run.model()
    if not hasattr(model, "encode"):
        return None
    dimensions = model.encode(test[:1].astype("float32")).shape[-1]
    error = evaluate.reconstruction_error(test, model.reconstruct(test))
    pca = evaluate.reconstruction_error(test, evaluate.pca_reconstructions(train, test, dimensions))
    return {
        "dimensions": dimensions,
        "error": f"{error:.5f}",
        "PCA": f"{pca:.5f}",
        "error / PCA": f"{error / pca:.2f}",
    }


@click.command(help=__doc__.splitlines()[0])
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(list(ENTRIES)),
    help="Rows to make. Repeatable. [default: all, and raw pixels]",
)
@click.option("--images", default=20_000, show_default=True, help="Training images.")
@click.option("--test", "test_split", default="test", show_default=True, help="The images that are scored.")
@click.option("--out", default="runs/quality", show_default=True, type=click.Path(path_type=Path))
@click.option("--data-dir", help="Where the prepared TFDS data set lies.")
def main(only, images, test_split, out, data_dir):
    print(describe_machine())
    out.mkdir(parents=True, exist_ok=True)
    split = f"train[:{images}]"
    labelled = functools.partial(keras_ssl.data.load, DATA, labels=True, data_dir=data_dir)
    train_images, test_images = labelled(split=split), labelled(split=test_split)
    features, rebuilt = [], []
    scored = f"{slug(test_split)}.json"
    pixels = functools.cache(images_of)
    for name in only or ENTRIES:
        run = train(name, out, split, data_dir)
        scores = {
            **cached(run.path / f"features-{scored}", lambda: score_features(run, train_images, test_images)),  # noqa: B023
            **cached(
                out / f"random-{network_of(run)}-{scored}",
                lambda: score_random(run, train_images, test_images),  # noqa: B023
            ),
        }
        minutes = json.loads((run.path / "minutes.json").read_text())
        features.append({"method": name, **scores, "epochs": run.epochs_done, "minutes": f"{minutes:.0f}"})
        print_table(features[-1:])
        errors = cached(
            run.path / f"reconstructions-{scored}",
            lambda: score_reconstructions(run, pixels(split, data_dir), pixels(test_split, data_dir)),  # noqa: B023
        )
        if errors:
            rebuilt.append({"method": name, **errors})
    if not only:
        raw = cached(
            out / f"raw-pixels-{scored}",
            lambda: {k: s.value for k, s in both(*map(evaluate.raw_pixels, (train_images, test_images))).items()},
        )
        features.append({**dict.fromkeys(features[0], ""), "method": "raw pixels", "features": 3072, **raw})
    print_table(features)
    if rebuilt:
        print_table(rebuilt)


if __name__ == "__main__":
    main()
