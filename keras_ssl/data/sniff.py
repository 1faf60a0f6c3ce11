"""What stands at the front of a JPEG or PNG file, walked through in Python: its segments or chunks, and the EXIF tag.

It finds what `headers` finds in a graph, which takes as long as to decode a small picture.
"""

JPEG, PNG, OTHER = range(3)
#: So many bytes of a file are looked at: EXIF data stand first, and take 64 KiB at the most.
LOOKED_AT = 2**16 + 2**12
_PNG_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
# Of 16 bits are those whose values need more than a decoder.
_PNG_BITS = (1, 2, 4, 8)
# As much of EXIF data, and as many of the entries of a directory, are searched for the tag.
_EXIF_BYTES, _ENTRIES = 4096, 100
_ORIENTATION, _SHORT = 0x0112, 3


def sniff(head):
    """The kind of an image file by its first bytes, and its orientation.

    Args:
        head: Bytes: the first `LOOKED_AT` of the file, or all.

    Returns:
        `JPEG` or `PNG` where a decoder for it is enough, else `OTHER`, such as where the pixels begin farther back;
        and the EXIF tag, from 1 (upright) to 8.
    """
    if head[:3] == b"\xff\xd8\xff":
        return _walk(head, JPEG, 2, _jpeg_segment)
    if head[:16] == _PNG_START and head[24:25] and head[24] in _PNG_BITS:
        return _walk(head, PNG, 8, _png_chunk)
    return OTHER, 1


def _walk(head, kind, position, part_at):
    while True:
        if position + 10 > len(head):
            return OTHER, 1
        length, exif = part_at(head, position)
        if exif is not None:
            return kind, _orientation(head[exif : exif + _EXIF_BYTES])
        if not length:
            return kind, 1
        position += length


def _jpeg_segment(head, position):
    """The bytes of an APPn segment, 0 of any other, and where in it EXIF data begin."""
    if head[position] != 0xFF or not 0xE0 <= head[position + 1] <= 0xEF:
        return 0, None
    is_exif = head[position + 1] == 0xE1 and head[position + 4 : position + 10] == b"Exif\0\0"
    return 2 + int.from_bytes(head[position + 2 : position + 4], "big"), position + 10 if is_exif else None


def _png_chunk(head, position):
    """The bytes of a chunk before the pixels, 0 behind them, and where in it EXIF data begin."""
    name = head[position + 4 : position + 8]
    if name in (b"IDAT", b"\0\0\0\0"):
        return 0, None
    length = 12 + int.from_bytes(head[position : position + 4], "big")
    return length, position + 8 if name == b"eXIf" else None


def _orientation(exif):
    """The tag of the first directory of EXIF data, which are laid out as a TIFF file."""
    exif = exif[6:] if exif[:6] == b"Exif\0\0" else exif
    order = "little" if exif[:1] == b"I" else "big"

    def number(start, count):
        # Behind the end stand zeros.
        return int.from_bytes(exif[start : start + count].ljust(count, b"\0"), order)

    directory = number(4, 4)
    found = [1]
    for entry in range(directory + 2, directory + 2 + 12 * min(number(directory, 2), _ENTRIES), 12):
        if number(entry, 2) == _ORIENTATION and number(entry + 2, 2) == _SHORT:
            found.append(number(entry + 8, 2))
    return max(found) if max(found) <= 8 else 1
