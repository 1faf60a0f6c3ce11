"""Nested settings: merged, read and changed by keys with dots."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from keras_ssl.did_you_mean import did_you_mean


def merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Update `base` by `changes`, part by part. A part that gets another `name` keeps nothing of the old one."""
    merged = dict(copy.deepcopy(base))
    for key, value in changes.items():
        known = merged.get(key)
        both = isinstance(value, dict) and isinstance(known, dict)
        renamed = both and "name" in value and value["name"] != known.get("name")
        merged[key] = merge(known, value) if both and not renamed else value
    return merged


def override(settings: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Return settings with one changed.

    Args:
        settings: Dict. The settings.
        key: String. The name of the setting, with dots for nesting.
        value: The new value.

    Raises:
        ValueError: If there is no such setting.
    """
    first, *rest = key.split(".")
    if first not in settings:
        raise ValueError(
            f"The recipe has the settings {', '.join(sorted(settings))}.{did_you_mean(first, settings)} "
            f"Received: {key!r}"
        )
    if not rest:
        # A part may be given by its name alone, such as backbone=small_cnn.
        named = isinstance(settings[first], dict) and "name" in settings[first] and isinstance(value, str)
        return merge(settings, {first: {"name": value} if named else value})
    change = value
    for part in reversed(rest):
        change = {part: change}
    return merge(settings, {first: change})


def read(settings: Any, key: str, default: Any = None) -> Any:
    """Return the setting at `key`, with dots for nesting, or `default` if there is none."""
    for part in key.split("."):
        if not isinstance(settings, dict) or part not in settings:
            return default
        settings = settings[part]
    return settings


def is_overridden(key: str, overrides: Iterable[str]) -> bool:
    """Whether the caller has set `key`, a part that contains it, or a setting inside it."""
    return any(f"{key}.".startswith(f"{given}.") or given.startswith(f"{key}.") for given in overrides)
