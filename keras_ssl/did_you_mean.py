"""Suggestions for misspelled names."""

import difflib
from collections.abc import Iterable
from typing import Any


def did_you_mean(name: Any, known: Iterable[str], most: int = 1, part_of: str | None = None) -> str:
    """Suggests names that are spelled like `name`, for an error message. Case does not matter.

    Args:
        name: The misspelled name, of any type.
        known: Iterable of strings. The names that exist.
        most: Integer. The most names to suggest. Defaults to `1`.
        part_of: String. Prefix of each suggestion, as in `part_of.name`. Defaults to `None`.

    Returns:
        String: `" Did you mean …?"` with the closest name first, or `""` if none is close.
    """
    by_spelling = {each.lower(): each for each in known}
    close = difflib.get_close_matches(str(name).lower(), by_spelling, n=most)
    before = f"{part_of}." if part_of else ""
    return f" Did you mean {' or '.join(before + by_spelling[each] for each in close)}?" if close else ""
