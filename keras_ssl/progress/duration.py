def duration(seconds: float) -> str:
    """Formats seconds as a short text, rounded to seconds, minutes or hours.

    Args:
        seconds: Float of at least 0.

    Returns:
        String.

    Example:

    >>> [duration(seconds) for seconds in (7.2, 130, 9000)]
    ['7 s', '2 min', '2.5 h']
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
