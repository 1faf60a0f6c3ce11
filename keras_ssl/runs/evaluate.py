import json

from keras_ssl import evaluate as scoring
from keras_ssl import plots
from keras_ssl.runs.run import opened, save_figure, write_aside
from keras_ssl.runs.sources import open_source

#: The ways to score features, by the names that the command line takes.
PROTOCOLS = {
    "knn": scoring.knn,
    "linear": scoring.linear_probe,
    "svm": scoring.svm,
    "mlp": scoring.mlp_probe,
    "few-label": scoring.few_label,
}


def evaluate(
    run,
    protocols=("knn", "linear", "few-label"),
    *,
    data=None,
    train_split="train",
    test_split="test",
    baselines=True,
    verbose=1,
):
    """Scores the features of a run, and writes `evaluation.json` and a map of the features into it.

    Args:
        run: a `Run`, or the path of one.
        protocols: names from `PROTOCOLS`.
        data: optional name or folder of labelled images; by default the run's own. Of a folder, with one
            subfolder a class, a fifth is held out as "test".
        train_split: str, where classifiers learn.
        test_split: str, where they are scored.
        baselines: bool, whether raw pixels and random encoders of the same shape are scored too.
        verbose: 0 for no progress bars.

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
    if not protocols or set(protocols) - set(PROTOCOLS):
        raise ValueError(f"The protocols are {', '.join(PROTOCOLS)}. Received: protocols={', '.join(protocols)}")
    encoder = run.encoder()
    source = run.config["data"] | ({"name": str(data)} if data else {})
    train, test = (open_source(source, split, labels=True) for split in (train_split, test_split))

    def score(*features):
        scores = [PROTOCOLS[protocol](*features) for protocol in protocols]
        flat = [item for one in scores for item in (one.values() if isinstance(one, dict) else [one])]
        return {item.name: item for item in flat}

    features = [scoring.extract_features(encoder, part, verbose=verbose) for part in (train, test)]
    rows = {run.config["recipe"]["method"]: score(*features)}
    if baselines:
        rows["random encoder"] = scoring.random_baseline(encoder, train, test, score, verbose=verbose)
        rows["raw pixels"] = score(scoring.raw_pixels(train), scoring.raw_pixels(test))
    report = {row: {name: item.to_dict() for name, item in scores.items()} for row, scores in rows.items()}
    write_aside(run.path / "evaluation.json", lambda path: path.write_text(json.dumps(report, indent=2)))
    figure = plots.embedding_map(*features[1], class_names=getattr(test, "class_names", None))
    save_figure(figure, run.path, "map")
    return rows
