"""What is read in Python is what `headers` reads in a graph."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_ssl.data.headers import switch_format
from keras_ssl.data.sniff import JPEG, LOOKED_AT, OTHER, PNG, sniff


def encoded(kind, orientation, **options):
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(np.zeros((8, 8, 3), "uint8")).save(file, kind, exif=exif, **options)
    return file.getvalue()


@tf.function(input_signature=[tf.TensorSpec((), tf.string)], autograph=False)
def by_headers(content):
    return switch_format(content, lambda header, name: tf.cast(header.orientation, tf.int64))


@pytest.mark.parametrize(("name", "kind"), [("JPEG", JPEG), ("PNG", PNG)])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_tag_is_read(name, kind, orientation):
    assert sniff(encoded(name, orientation)) == (kind, orientation)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_broken_tags_are_read_as_headers_reads_them(kind, rng):
    whole = encoded(kind, 6)
    start = whole.index(b"MM\0*") if b"MM\0*" in whole else whole.index(b"II*\0")
    for _ in range(40):
        content = bytearray(whole)
        content[start + rng.integers(0, 30)] = rng.integers(0, 256)
        assert sniff(bytes(content))[1] == by_headers(bytes(content))


def test_what_lies_far_behind_is_left_to_others():
    segment = b"\xff\xe2\xff\xff" + bytes(0xFFFD)
    far = b"\xff\xd8" + 2 * segment + encoded("JPEG", 6)[2:]
    assert sniff(far[:LOOKED_AT]) == (OTHER, 1)


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(99), bytes(99)])
def test_what_is_no_jpeg_or_png_is_other(content):
    assert sniff(content) == (OTHER, 1)
