import os
from pathlib import Path
from typing import Any

from keras_ssl import export as exporting
from keras_ssl.data.memoize import memoize_scans
from keras_ssl.evaluate import extract_features, linear_classifier
from keras_ssl.runs.data_source import locate, open_source
from keras_ssl.runs.run import as_run
from keras_ssl.runs.scenes import export_trained, trained_file
from keras_ssl.transfer import fine_tuned_classifier


def _linear(encoder, train, epochs, verbose):
    return encoder, linear_classifier(extract_features(encoder, train, verbose=verbose))


def _fine_tuned(encoder, train, epochs, verbose):
    return fine_tuned_classifier(encoder, train, epochs=epochs, verbose=verbose).layers


#: The classifiers that can be exported, by their names on the command line: functions that return encoder and head.
CLASSIFIERS = {"linear": _linear, "fine-tune": _fine_tuned}


@memoize_scans()
def export(
    run: Any,
    to: str | os.PathLike[str],
    *,
    resize: str | None = None,
    classifier: str | bool | None = None,
    data: str | os.PathLike[str] | None = None,
    epochs: int | None = None,
    verbose: int = 1,
) -> Path:
    """Export the encoder of a run as the next version in a folder of SavedModels.

    Args:
        run: A `Run`, or the path of one; or the path of its folder `detector` or `segmenter`, whose network is
            exported by `keras_ssl.export.scene_model`.
        to: Path of the folder of versions, such as "saved_models/digits".
        resize: "stretch", "crop" or "pad". How images of another size are resized for the encoder. `None` means as in
            the run. Defaults to `None`.
        classifier: "linear" or `True` to fit a linear classifier on the run's labelled training images and serve its
            classes too; "fine-tune" to train the encoder with it and serve the fine-tuned encoder; `None` for the
            encoder alone, unchanged. Defaults to `None`.
        data: Name or folder of the labelled images for a classifier. `None` means the run's own. Defaults to `None`.
        epochs: Integer. Epochs of fine-tuning. `None` means the default of `transfer.fine_tuned_classifier`. Defaults
            to `None`.
        verbose: Integer. 0 for no progress bar. Defaults to `1`.

    Returns:
        `pathlib.Path` of the version.

    Raises:
        ValueError: If the classifier is unknown, or needs labels and the data has none; or for a detector or a
            segmenter with `classifier`, `data` or `epochs`.

    Example:

    >>> import keras_ssl
    >>> run = keras_ssl.runs.pretrain("simclr", "digits", "runs/exported", overrides={"epochs": 1}, verbose=0)
    >>> version = keras_ssl.runs.export(run, "saved_models/exported")
    >>> keras_ssl.export.load(version).manifest["method"]
    'simclr'
    """
    if file := trained_file(run):
        unused = {"classifier": classifier, "data": data, "epochs": epochs}
        if given := {name: value for name, value in unused.items() if value is not None}:
            raise ValueError(f"{file} is exported as it is trained. Received: {given}")
        return export_trained(file, to, resize)
    run = as_run(run)
    encoder, config = run.encoder(), run.config
    kind = "linear" if classifier is True else classifier or None
    head, class_names = None, None
    if kind:
        if kind not in CLASSIFIERS:
            raise ValueError(f"`classifier` must be one of {', '.join(CLASSIFIERS)}. Received: classifier={kind!r}")
        source = locate(config["data"], data, encoder)
        train = open_source(source, source["split"], labels=True)
        encoder, head = CLASSIFIERS[kind](encoder, train, epochs, verbose)
        class_names = getattr(train, "class_names", None)
    metadata = {
        "method": config["name"],
        "data": config["data"]["name"],
        "epochs": run.epochs_done,
        "recipe": config["recipe"],
        "classifier": kind,
    }
    return exporting.saved_model(
        encoder,
        to,
        classifier=head,
        class_names=class_names,
        resize=resize or config["data"]["resize"],
        metadata=metadata,
        bits=config["data"].get("bits"),
    )
