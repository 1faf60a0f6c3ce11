"""Names that are spelled like one that does not exist."""

import difflib


def did_you_mean(name, known, most=1, part_of=None):
    """The names that are spelled like `name`, upper and lower case aside, as a question for an error message.

    Args:
        name: what was given, of any kind.
        known: iterable of str, the names that there are.
        most: int, how many names are offered at the most. Defaults to 1.
        part_of: optional str, what the names are settings of, which is said before each: part_of.name.

    Returns:
        str, " Did you mean …?" with the closest name first, or "" where none is close.
    """
    by_spelling = {each.lower(): each for each in known}
    close = difflib.get_close_matches(str(name).lower(), by_spelling, n=most)
    before = f"{part_of}." if part_of else ""
    return f" Did you mean {' or '.join(before + by_spelling[each] for each in close)}?" if close else ""
