import re

_HELD_OUT = ("test", "val", "dev", "eval")


def is_training_split(split: str) -> bool:
    """Whether a split has no part that is held out, as "test" in `"train+test"`. True for `"train[:80%]"`."""
    return not any(part.strip().startswith(_HELD_OUT) for part in split.split("+"))


def split_range(part: str, counts: dict[str, int]) -> tuple[str, range]:
    """Range of images that one part of a split string names, in the notation of tensorflow-datasets.

    Args:
        part: String. The name of a split, with or without a slice: `"train"`, `"train[:80%]"`, `"train[100:-100]"`.
        counts: Dict from the name of a split to its number of images.

    Returns:
        Tuple of the name of the split and a `range` of positions within it.

    Raises:
        ValueError: If `part` is not as described.
    """
    match = re.fullmatch(r"\s*(\w+)(?:\[(?:(-?\d+)(%?))?:(?:(-?\d+)(%?))?\])?\s*", part)
    if not match or match[1] not in counts:
        raise ValueError(
            f"`split` must be one of {sorted(counts)}, a slice of one ('train[:80%]', 'train[100:]'), or "
            f"several joined by '+'. Received: split={part!r}"
        )
    name, start, start_percent, stop, stop_percent = match.groups()
    count = counts[name]

    def position(value, percent):
        return round(int(value) * count / 100) if percent else int(value)

    start = None if start is None else position(start, start_percent)
    stop = None if stop is None else position(stop, stop_percent)
    return name, range(count)[start:stop]
