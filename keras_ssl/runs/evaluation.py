import functools
import json
import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_ssl import evaluate as scoring
from keras_ssl import plots, transfer
from keras_ssl.data.memoize import memoize_scans
from keras_ssl.files.atomic_write import atomic_write
from keras_ssl.losses.distance import embedding_spread
from keras_ssl.progress import Stage
from keras_ssl.runs.data_source import locate, open_source, trained_on
from keras_ssl.runs.next_command import next_command
from keras_ssl.runs.run import as_run, save_figure

#: Protocols that score features, by their names on the command line.
PROTOCOLS = {
    "knn": scoring.knn,
    "linear": scoring.linear_probe,
    "svm": scoring.svm,
    "mlp": scoring.mlp_probe,
    "few-label": scoring.few_label,
}
#: Protocols that train the network with labels, each with its baseline from random weights.
TRAINING_PROTOCOLS = {
    "fine-tune": (transfer.fine_tune, transfer.from_scratch),
}

TRAINED_ON = (
    'The images of "{}", on which the features are scored, were trained on (--split {}), without their labels: on '
    "new images the features may be worse."
)


@memoize_scans()
def evaluate(
    run: Any,
    protocols: Sequence[str] = ("knn", "linear", "few-label"),
    *,
    data: str | os.PathLike[str] | None = None,
    train_split: str = "train",
    test_split: str = "test",
    baselines: bool = True,
    epochs: int | None = None,
    verbose: int = 1,
) -> dict[str, dict[str, Any]]:
    """Score the features of a run, and write `evaluation.json` and a map of the features into its folder.

    "fine-tune" does not score the features, but the network that starts from the run's encoder and is trained with
    the labels. Its baseline, in the row of random encoders, is the same network trained from scratch; raw pixels have
    no score.

    With baselines, the file also has a verdict in words (`evaluate.verdict`). If the run trained on the test images,
    without their labels, there is a warning, also in the file.

    Args:
        run: A `Run`, or the path of one.
        protocols: Names from `PROTOCOLS` and `TRAINING_PROTOCOLS`. Defaults to `("knn", "linear", "few-label")`.
        data: Name or folder of labelled images. `None` means the run's own. In a folder with one subfolder for each
            class, a fifth is held out as "test". Defaults to `None`.
        train_split: String. The split on which classifiers are trained. Defaults to `"train"`.
        test_split: String. The split on which they are scored. Defaults to `"test"`.
        baselines: Boolean. Whether to score raw pixels and random encoders of the same architecture too. Defaults to
            `True`.
        epochs: Integer. Epochs of fine-tuning. `None` means the default of `transfer.fine_tune`. Defaults to `None`.
        verbose: Integer. 0 for no output, else the progress, the table of scores and the verdict are printed.
            Defaults to `1`.

    Returns:
        Dict from the method's name, "random encoder" and "raw pixels" to their scores by name. Print it with
        `evaluate.format_table`. Features that are not finite have no scores.

    Raises:
        ValueError: If a protocol is unknown, or the data has no labels.

    Example:

    >>> import keras_ssl
    >>> run = keras_ssl.runs.pretrain("simclr", "digits", "runs/scored", overrides={"epochs": 1}, verbose=0)
    >>> rows = keras_ssl.runs.evaluate(run, ["knn"], verbose=0)
    >>> sorted(rows)
    ['SimCLR', 'random encoder', 'raw pixels']
    """
    run = as_run(run)
    known = [*PROTOCOLS, *TRAINING_PROTOCOLS]
    if not protocols or set(protocols) - set(known):
        raise ValueError(f"`protocols` must be among {', '.join(known)}. Received: protocols={', '.join(protocols)}")
    encoder, config, history = run.encoder(allow_diverged=True), run.config, _readable_history(run)
    source = locate(config["data"], data, encoder)
    warning = None
    if source["name"] == config["data"]["name"] and trained_on(config["data"], test_split):
        warning = TRAINED_ON.format(test_split, config["data"]["split"])
        warnings.warn(warning, stacklevel=2)
    # The images are read several times: for the encoder, for random encoders, and for raw pixels.
    kept = "none" if source.get("cache") == "none" else "auto"
    train, test = (
        open_source(source, split, labels=True, cache=kept, verbose=verbose) for split in (train_split, test_split)
    )

    on_features = {name: PROTOCOLS[name] for name in protocols if name in PROTOCOLS}
    by_training = [TRAINING_PROTOCOLS[name] for name in protocols if name in TRAINING_PROTOCOLS]

    def score(of, *features):
        results = []
        for name, protocol in on_features.items():
            with Stage(f"{name}, {of}", verbose=verbose):
                results.append(protocol(*features))
        return _by_name(results)

    def score_trained(protocols):
        return _by_name(protocol(encoder, train, test, epochs=epochs, verbose=verbose) for protocol in protocols)

    method = config["recipe"]["method"]
    parts = {"training": train, "test": test}
    features = [
        scoring.extract_features(encoder, part, verbose=verbose, name=f"features of the {name} images, {method}")
        for name, part in parts.items()
    ]
    finite = all(np.isfinite(part.features).all() for part in features)
    rows = {method: score(method, *features) | score_trained(tuned for tuned, _ in by_training) if finite else {}}
    if baselines:
        score_random = functools.partial(score, "random encoder")
        random = scoring.random_baseline(encoder, train, test, score_random, verbose=verbose) if on_features else {}
        rows["random encoder"] = random | score_trained(scratch for _, scratch in by_training)
        pixels = [
            scoring.raw_pixels(part, verbose=verbose, name=f"pixels of the {name} images")
            for name, part in parts.items()
        ]
        rows["raw pixels"] = score("raw pixels", *pixels)
    report: dict[str, Any] = {
        row: {name: item.to_dict() for name, item in scores.items()} for row, scores in rows.items()
    }
    if warning:
        report["warning"] = warning
    if baselines:
        # The log may have no spread, or that of other images.
        history["feature_spread"] = [float(embedding_spread(features[1].features))]
        logged = history, run.steps_done, config["recipe"], next_command(run)
        found = scoring.verdict(rows, len(features[1].features), *logged)
        report["verdict"] = vars(found)
    # Printed first, because writing the files may fail.
    if verbose:
        print(scoring.format_table(rows))
        print(*([found] if baselines else []), sep="\n", flush=True)
    atomic_write(run.path / "evaluation.json", lambda path: path.write_text(json.dumps(report, indent=2)))
    save_figure(run.path, "map", plots.embedding_map, *features[1], class_names=getattr(test, "class_names", None))
    return rows


def _readable_history(run):
    try:
        return run.history
    except ValueError as error:
        warnings.warn(f"The verdict is made without the log of the training. {error}", stacklevel=3)
        return {}


def _by_name(results):
    """Dict from the name of each score to the score, for results that are scores or dicts of scores."""
    flat = [score for one in results for score in (one.values() if isinstance(one, dict) else [one])]
    return {score.name: score for score in flat}
