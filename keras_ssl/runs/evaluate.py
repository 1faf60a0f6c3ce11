import json

from keras_ssl import evaluate as scoring
from keras_ssl import plots
from keras_ssl.data.once import looked_at_once
from keras_ssl.recipes.plan import steps_per_epoch
from keras_ssl.runs.run import opened, save_figure, write_aside
from keras_ssl.runs.sources import located, open_source

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
    "fine-tune": (scoring.fine_tune, scoring.from_scratch),
}


@looked_at_once()
def evaluate(
    run,
    protocols=("knn", "linear", "few-label"),
    *,
    data=None,
    train_split="train",
    test_split="test",
    baselines=True,
    epochs=None,
    verbose=1,
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
        epochs: int, of fine-tuning, or None for `evaluate.fine_tune`'s own.
        verbose: 0 for no progress bars.

    With baselines the file also has a verdict in words (`evaluate.verdict`).

    Returns:
        dict from the method's name, "random encoder" and "raw pixels" to their scores by name;
        `evaluate.format_table` prints it.

    Raises:
        ValueError: for an unknown protocol or data without labels.

    Example:

    >>> import keras_ssl
    >>> run = keras_ssl.runs.pretrain("simclr", "digits", "runs/scored", overrides={"epochs": 1}, verbose=0)
    >>> rows = keras_ssl.runs.evaluate(run, ["knn"], verbose=0)
    >>> sorted(rows)
    ['SimCLR', 'random encoder', 'raw pixels']
    """
    run = opened(run)
    known = [*PROTOCOLS, *TRAINING_PROTOCOLS]
    if not protocols or set(protocols) - set(known):
        raise ValueError(f"The protocols are {', '.join(known)}. Received: protocols={', '.join(protocols)}")
    encoder = run.encoder()
    source = located(run.config["data"], data)
    # Features are taken several times: by the encoder, by random ones, and as raw pixels.
    kept = "none" if source.get("cache") == "none" else "auto"
    train, test = (open_source(source, split, labels=True, cache=kept) for split in (train_split, test_split))

    on_features = [PROTOCOLS[name] for name in protocols if name in PROTOCOLS]
    by_training = [TRAINING_PROTOCOLS[name] for name in protocols if name in TRAINING_PROTOCOLS]

    def score(*features):
        return _by_name(protocol(*features) for protocol in on_features)

    def score_trained(protocols):
        return _by_name(protocol(encoder, train, test, epochs=epochs, verbose=verbose) for protocol in protocols)

    features = [scoring.extract_features(encoder, part, verbose=verbose) for part in (train, test)]
    rows = {run.config["recipe"]["method"]: score(*features) | score_trained(tuned for tuned, _ in by_training)}
    if baselines:
        random = scoring.random_baseline(encoder, train, test, score, verbose=verbose) if on_features else {}
        rows["random encoder"] = random | score_trained(scratch for _, scratch in by_training)
        rows["raw pixels"] = score(scoring.raw_pixels(train), scoring.raw_pixels(test))
    report = {row: {name: item.to_dict() for name, item in scores.items()} for row, scores in rows.items()}
    if baselines:
        steps = steps_per_epoch(run.config["recipe"], run.config["images"]) * run.epochs_done
        report["verdict"] = vars(scoring.verdict(rows, len(features[1].features), run.history, steps))
    write_aside(run.path / "evaluation.json", lambda path: path.write_text(json.dumps(report, indent=2)))
    figure = plots.embedding_map(*features[1], class_names=getattr(test, "class_names", None))
    save_figure(figure, run.path, "map")
    return rows


def _by_name(results):
    """dict from the name of each score in results, which are scores or dicts of them."""
    flat = [score for one in results for score in (one.values() if isinstance(one, dict) else [one])]
    return {score.name: score for score in flat}
