from keras_ssl.evaluate.few_label_fine_tune import few_label_fine_tune
from keras_ssl.evaluate.few_label_linear import few_label_linear

PROTOCOLS = {"linear": few_label_linear, "fine_tune": few_label_fine_tune}


def few_label(train, test, *args, protocol="linear", **settings):
    """Accuracy with a handful of labels per class: what self-supervised features are for.

    With `protocol="linear"` a classifier is fitted to frozen features, `few_label_linear`. With
    `protocol="fine_tune"` the whole network learns from the labels, beside the same network from scratch,
    `few_label_fine_tune`.

    Args:
        train: `Features` or a tuple (features, labels) for "linear", labelled images for "fine_tune": the labels are
            drawn among theirs.
        test: likewise; scored on all of it.
        *args: the protocol's further arguments, in its order.
        protocol: "linear" or "fine_tune". Defaults to "linear".
        **settings: the protocol's further arguments: `labels_per_class`, `repeats` and `seed` for "linear", `encoder`
            and `shares`, `repeats` and `seed` for "fine_tune", and those of `fine_tune`.

    Returns:
        What the protocol returns, which `format_table` prints: for "linear" a dict from the number of labels per
        class to a `Score`, for "fine_tune" a row of such scores for the encoder and one from scratch.

    Raises:
        ValueError: for another protocol, and as the protocol does.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> labels = np.arange(40) % 2
    >>> features = rng.normal(size=(40, 8)) + 3 * labels[:, None]
    >>> scores = keras_ssl.evaluate.few_label((features, labels), (features, labels), repeats=3)
    >>> list(scores)
    [1, 5, 10]
    """
    if protocol not in PROTOCOLS:
        raise ValueError(f"protocol must be one of {', '.join(PROTOCOLS)}. Received: protocol={protocol!r}")
    return PROTOCOLS[protocol](train, test, *args, **settings)
