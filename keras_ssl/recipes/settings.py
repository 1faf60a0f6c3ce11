"""Nested settings: laid over each other, read and changed by keys with dots."""

import copy

from keras_ssl.did_you_mean import did_you_mean


def merge(base, changes):
    """`base` with `changes` laid over it; a part that gets another name starts from nothing."""
    merged = copy.deepcopy(base)
    for key, value in changes.items():
        known = merged.get(key)
        both = isinstance(value, dict) and isinstance(known, dict)
        renamed = both and "name" in value and value["name"] != known.get("name")
        merged[key] = merge(known, value) if both and not renamed else value
    return merged


def override(settings, key, value):
    """`settings` with the one at `key`, dots for nesting, changed.

    Raises:
        ValueError: where the settings have no such part.
    """
    first, *rest = key.split(".")
    if first not in settings:
        raise ValueError(
            f"The recipe has the settings {', '.join(sorted(settings))}.{did_you_mean(first, settings)} "
            f"Received: {key!r}"
        )
    if not rest:
        # A part by its name alone, such as backbone=small_cnn.
        named = isinstance(settings[first], dict) and "name" in settings[first] and isinstance(value, str)
        return merge(settings, {first: {"name": value} if named else value})
    change = value
    for part in reversed(rest):
        change = {part: change}
    return merge(settings, {first: change})


def read(settings, key, default=None):
    """The setting at `key`, dots for nesting, or `default` where there is none."""
    for part in key.split("."):
        if not isinstance(settings, dict) or part not in settings:
            return default
        settings = settings[part]
    return settings


def is_overridden(key, overrides):
    """Whether the caller has set `key`, or a part of the settings that it belongs to or that belongs to it."""
    return any(f"{key}.".startswith(f"{given}.") or given.startswith(f"{key}.") for given in overrides)
