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

#: The ways to score features, by the names that the command line takes.
PROTOCOLS = {
    "knn": scoring.knn,
    "linear": scoring.linear_probe,
    "svm": scoring.svm,
    "mlp": scoring.mlp_probe,
    "few-label": scoring.few_label,
}
#: The ways to score what the network learns from labels, each with its baseline from random weights.
TRAINING_PROTOCOLS = {
    "fine-tune": (transfer.fine_tune, transfer.from_scratch),
}

TRAINED_ON = (
    'The images of "{}", by which the features are scored, were trained on (--split {}), without their labels: on '
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
):
    """Scores the features of a run, and writes `evaluation.json` and a map of the features into it.

    "fine-tune" scores no features but the network that learns from the labels, starting at the run's encoder: beside
    it stands, in the row of random encoders, the same network from scratch, and raw pixels have no score.

    Args:
        run: a `Run`, or the path of one.
        protocols: names from `PROTOCOLS` and `TRAINING_PROTOCOLS`.
        data: optional name or folder of labelled images; by default the run's own. Of a folder, with one
            subfolder a class, a fifth is held out as "test".
        train_split: str, where classifiers learn.
        test_split: str, where they are scored.
        baselines: bool, whether raw pixels and random encoders of the same shape are scored too.
        epochs: int, of fine-tuning, or None for `transfer.fine_tune`'s own.
        verbose: 0 for silence; else the table of the scores and the verdict are printed, and progress before them.

    With baselines the file also has a verdict in words (`evaluate.verdict`). Where the run trained on the test
    images, without their labels, a warning says so, and the file has it.

    Returns:
        dict from the method's name, "random encoder" and "raw pixels" to their scores by name;
        `evaluate.format_table` prints it. Features that are not finite numbers have no scores.

    Raises:
        ValueError: for an unknown protocol or data without labels.

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
        raise ValueError(f"The protocols are {', '.join(known)}. Received: protocols={', '.join(protocols)}")
    encoder, config, history = run.encoder(allow_diverged=True), run.config, _readable_history(run)
    source = locate(config["data"], data, encoder)
    warning = None
    if source["name"] == config["data"]["name"] and trained_on(config["data"], test_split):
        warning = TRAINED_ON.format(test_split, config["data"]["split"])
        warnings.warn(warning, stacklevel=2)
    # Features are taken several times: by the encoder, by random ones, and as raw pixels.
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
        # The log may have nothing of a collapse, or another's.
        history["feature_spread"] = [float(embedding_spread(features[1].features))]
        logged = history, run.steps_done, config["recipe"], next_command(run)
        found = scoring.verdict(rows, len(features[1].features), *logged)
        report["verdict"] = vars(found)
    # Before anything is written, which may fail.
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
        warnings.warn(f"The verdict does without the log of the training. {error}", stacklevel=3)
        return {}


def _by_name(results):
    """dict from the name of each score in results, which are scores or dicts of them."""
    flat = [score for one in results for score in (one.values() if isinstance(one, dict) else [one])]
    return {score.name: score for score in flat}
