"""Format and EXIF orientation of JPEG and PNG files, from their segments or chunks, in Python.

`headers` does the same in a graph, which takes as long as decoding a small image.
"""

JPEG, PNG, OTHER = range(3)
#: Bytes that are read of a file. EXIF data come first, and have 64 KiB at most.
LOOKED_AT = 2**16 + 2**12
_PNG_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
# Files of 16 bits need more than a decoder.
_PNG_BITS = (1, 2, 4, 8)
# The search for the tag reads this much of the EXIF data, and this many entries of a directory.
_EXIF_BYTES, _ENTRIES = 4096, 100
_ORIENTATION, _SHORT = 0x0112, 3


def sniff(head: bytes) -> tuple[int, int]:
    """Read the format and the orientation of an image file from its first bytes.

    Args:
        head: Bytes. The first `LOOKED_AT` bytes of the file, or all of it.

    Returns:
        Tuple `(kind, orientation)`. `kind` is `JPEG` or `PNG` if the plain decoder is enough, else `OTHER`, for
        example if the pixels begin after `head`. `orientation` is the EXIF tag, from 1 (upright) to 8.
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
    """The length of an APPn segment, 0 for others, and the position of its EXIF data."""
    if head[position] != 0xFF or not 0xE0 <= head[position + 1] <= 0xEF:
        return 0, None
    is_exif = head[position + 1] == 0xE1 and head[position + 4 : position + 10] == b"Exif\0\0"
    return 2 + int.from_bytes(head[position + 2 : position + 4], "big"), position + 10 if is_exif else None


def _png_chunk(head, position):
    """The length of a chunk before the pixels, else 0, and the position of its EXIF data."""
    name = head[position + 4 : position + 8]
    if name in (b"IDAT", b"\0\0\0\0"):
        return 0, None
    length = 12 + int.from_bytes(head[position : position + 4], "big")
    return length, position + 8 if name == b"eXIf" else None


def _orientation(exif):
    """The orientation in the first directory of EXIF data, which have the format of a TIFF file."""
    exif = exif[6:] if exif[:6] == b"Exif\0\0" else exif
    order = "little" if exif[:1] == b"I" else "big"

    def number(start, count):
        # Zeros beyond the end.
        return int.from_bytes(exif[start : start + count].ljust(count, b"\0"), order)

    directory = number(4, 4)
    found = [1]
    for entry in range(directory + 2, directory + 2 + 12 * min(number(directory, 2), _ENTRIES), 12):
        if number(entry, 2) == _ORIENTATION and number(entry + 2, 2) == _SHORT:
            found.append(number(entry + 8, 2))
    return max(found) if max(found) <= 8 else 1
