"""How fast images come in: `python -m benchmarks.input`.

Images per second, and their share of those of a bare tf.data pipeline (read, decode, resize, batch), of a folder that
streams (`cache=None`), of one that is kept in memory (its second epoch), and of arrays of the same images. Files are
made for it, as photographs are: smooth, with some noise; those called "tagged" have EXIF data, a color profile and
XMP as those of phones do, and lie on their side. Each number is the median of several epochs, taken in turns.
"""

import io
import tempfile
from pathlib import Path

import click
import numpy as np
import tensorflow as tf
from PIL import Image

from benchmarks.timing import describe_machine, median_seconds_in_turns, print_table
from keras_ssl import data
from keras_ssl.data.resize import resize_images

SIZES = ((240, 320), (1200, 1600))
TURNED = 6  # the EXIF tag of a picture that lies on its side


def encode_tagged(pixels):
    """A JPEG with the segments of a phone's."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "a maker", "a camera", TURNED
    file = io.BytesIO()
    tags = {"exif": exif, "icc_profile": bytes(560), "xmp": b"<x:xmpmeta/>" + bytes(2000)}
    Image.fromarray(pixels.numpy()).save(file, "JPEG", quality=92, **tags)
    return tf.constant(file.getvalue())


ENCODERS = {
    "jpg": lambda pixels: tf.io.encode_jpeg(pixels, quality=92),
    "png": tf.io.encode_png,
    "tagged jpg": encode_tagged,
}
DECODERS = {"jpg": tf.io.decode_jpeg, "png": tf.io.decode_png, "tagged jpg": tf.io.decode_jpeg}
# Pictures that differ, of which the files of a folder are copies: to encode large PNGs takes long.
DIFFERENT = 8


def make_files(folder, kind, size, count):
    """Write `count` pictures of (height, width) `size` into a new folder."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    rough = rng.uniform(0, 255, (DIFFERENT, size[0] // 16, size[1] // 16, 3))
    for number, picture in enumerate(rough):
        pixels = tf.image.resize(picture, size, "bicubic") + rng.normal(0, 4, (*size, 3))
        content = ENCODERS[kind](tf.saturate_cast(pixels, tf.uint8)).numpy()
        for copy in range(number, count, DIFFERENT):
            (folder / f"{copy:06}.{kind.split()[-1]}").write_bytes(content)


def bare(folder, kind, image_size, batch_size):
    """What a few lines of tf.data do with such a folder.

    Parallelism, options, the decoder's settings (TensorFlow's defaults) and the interpolation are those of ours, by
    the same function. Unlike ours it has one order for all epochs, takes a file's kind for granted, leaves pictures
    on their side, and does not name a bad file. And it decodes large JPEGs in full, where ours leave out what
    resizing would: hence shares above 1.
    """

    def read(path):
        image = DECODERS[kind](tf.io.read_file(path), channels=3)
        return resize_images(image[None], image_size)[0]

    options = tf.data.Options()
    options.autotune.enabled = False
    files = tf.data.Dataset.from_tensor_slices(sorted(map(str, folder.iterdir())))
    images = files.map(read, num_parallel_calls=tf.data.AUTOTUNE).batch(batch_size)
    return images.prefetch(tf.data.AUTOTUNE).with_options(options)


def row(folder, kind, size, count, image_size, batch_size, rounds):
    """The images per second of one kind and size of files."""
    make_files(folder, kind, size, count)
    settings = {"shuffle": True, "drop_remainder": False}
    kept = data.from_directory(folder, batch_size, image_size, cache="memory", **settings)
    datasets = {
        "bare": bare(folder, kind, image_size, batch_size),
        "streaming": data.from_directory(folder, batch_size, image_size, **settings),
        "cached": kept,
        "arrays": data.from_arrays(np.concatenate(list(kept)), batch_size=batch_size, **settings),
    }
    seconds = median_seconds_in_turns(
        {name: lambda dataset=dataset: sum(1 for _ in dataset) for name, dataset in datasets.items()}, rounds
    )
    rates = {name: count / taken for name, taken in seconds.items()}
    return {
        "files": f"{kind} {size[1]} x {size[0]}",
        **{name: round(rate) for name, rate in rates.items()},
        "streaming / bare": f"{rates['streaming'] / rates['bare']:.2f}",
        "cached / arrays": f"{rates['cached'] / rates['arrays']:.2f}",
    }


@click.command(help=__doc__)
@click.option("--images", default=2000, show_default=True, help="Files of 320 x 240; of 1600 x 1200 a tenth.")
@click.option("--image-size", default=96, show_default=True, help="Pixels to resize to.")
@click.option("--batch-size", default=64, show_default=True)
@click.option("--rounds", default=3, show_default=True, help="Epochs to take the median of.")
def main(images, image_size, batch_size, rounds):
    print(describe_machine())
    settings = ((image_size, image_size), batch_size, rounds)
    counts = dict(zip(SIZES, (images, max(1, images // 10)), strict=True))
    with tempfile.TemporaryDirectory() as temporary:
        print_table(
            [
                row(Path(temporary) / f"{kind}{size[0]}", kind, size, count, *settings)
                for kind in ENCODERS
                for size, count in counts.items()
            ]
        )


if __name__ == "__main__":
    main()
