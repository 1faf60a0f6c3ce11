from keras_ssl import export as exporting
from keras_ssl.evaluate import extract_features, linear_classifier
from keras_ssl.runs.run import opened
from keras_ssl.runs.sources import open_source


def export(run, to, *, resize="stretch", classifier=False, verbose=1):
    """Exports the encoder of a run as the next version in a folder of SavedModels.

    Args:
        run: a `Run`, or the path of one.
        to: the folder of versions, such as "saved_models/digits".
        resize: "stretch", "crop" or "pad", how files of another size become the encoder's.
        classifier: bool, whether to fit a linear classifier on the run's labelled training images and serve its
            classes too.
        verbose: 0 for no progress bar.

    Returns:
        The path of the version.

    Raises:
        ValueError: where a classifier is wanted and the run's data has no labels.

    Example:

    >>> import keras_ssl
    >>> run = keras_ssl.runs.pretrain("simclr", "digits", "runs/exported", overrides={"epochs": 1}, verbose=0)
    >>> version = keras_ssl.runs.export(run, "saved_models/exported")
    >>> keras_ssl.export.load(version).manifest["method"]
    'simclr'
    """
    run = opened(run)
    encoder, config = run.encoder(), run.config
    head, class_names = None, None
    if classifier:
        train = open_source(config["data"], config["data"]["split"], labels=True)
        head = linear_classifier(extract_features(encoder, train, verbose=verbose))
        class_names = getattr(train, "class_names", None)
    metadata = {
        "method": config["name"],
        "data": config["data"]["name"],
        "epochs": run.epochs_done,
        "recipe": config["recipe"],
    }
    return exporting.saved_model(
        encoder, to, classifier=head, class_names=class_names, resize=resize, metadata=metadata
    )
