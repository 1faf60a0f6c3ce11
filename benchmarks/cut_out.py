"""Cuts objects out of photographs, into folders with one subfolder a class, for `benchmarks.own_images`.

`python -m benchmarks.cut_out boxes PHOTOGRAPHS --to cells` cuts along Pascal VOC boxes (JPEGImages, Annotations);
`python -m benchmarks.cut_out masks FRAMES --to patches` cuts squares that show mostly one thing of frames with masks
of classes (folders images and masks, at any depth).
"""

from pathlib import Path
from xml.etree import ElementTree

import click
import numpy as np
import tensorflow as tf

SIDES = ("xmin", "ymin", "xmax", "ymax")
SMALLEST = 4  # pixels; a few boxes of BCCD have no area
# CamVid's, in the order of their numbers; what is above them is not labelled.
CLASSES = (
    "Sky",
    "Building",
    "Pole",
    "Road",
    "Pavement",
    "Tree",
    "SignSymbol",
    "Fence",
    "Car",
    "Pedestrian",
    "Bicyclist",
)
PATCHES_OF_CLASS = 50, 300  # classes of fewer are left out
PATCH_SIDES = (32, 64)
TRIES = 25  # squares of a frame that are looked at in a round
ROUNDS = 3
MOSTLY = 0.6  # of a patch's pixels


@click.group(help=__doc__)
def main():
    pass


@main.command()
@click.argument("photographs", type=click.Path(exists=True, path_type=Path))
@click.option("--to", required=True, type=click.Path(path_type=Path))
def boxes(photographs, to):
    """Each boxed object as an image in the folder of its class."""
    for annotation in sorted((photographs / "Annotations").glob("*.xml")):
        picture = photographs / "JPEGImages" / f"{annotation.stem}.jpg"
        if not picture.exists():
            continue
        pixels = tf.io.decode_jpeg(picture.read_bytes()).numpy()
        for number, thing in enumerate(ElementTree.parse(annotation).findall("object")):
            left, top, right, bottom = (max(0, int(thing.find(f"bndbox/{side}").text)) for side in SIDES)
            cut = pixels[top:bottom, left:right]
            if min(cut.shape[:2]) >= SMALLEST:
                save(cut, to / thing.find("name").text / f"{annotation.stem}-{number}.png")


@main.command()
@click.argument("frames", type=click.Path(exists=True, path_type=Path))
@click.option("--to", required=True, type=click.Path(path_type=Path))
def masks(frames, to):
    """Random squares, each in the folder of the class that most of its pixels have; rare classes are left out."""
    rng = np.random.default_rng(0)
    patches = {name: [] for name in CLASSES}
    fewest, most = PATCHES_OF_CLASS
    pictures = sorted(frames.glob("**/images/*.jpg"))
    for picture in (pictures[i] for _ in range(ROUNDS) for i in rng.permutation(len(pictures))):
        pixels = tf.io.decode_jpeg(picture.read_bytes()).numpy()
        mask_file = picture.parents[1] / "masks" / f"{picture.stem}.png"
        mask = tf.io.decode_png(mask_file.read_bytes())[..., 0].numpy()
        for _ in range(TRIES):
            side = rng.integers(*PATCH_SIDES)
            top, left = (rng.integers(0, length - side) for length in mask.shape)
            square = np.s_[top : top + side, left : left + side]
            shares = np.bincount(mask[square].ravel(), minlength=len(CLASSES))[: len(CLASSES)] / side**2
            name = CLASSES[shares.argmax()]
            if shares.max() >= MOSTLY and len(patches[name]) < most:
                patches[name].append((f"{picture.stem}-{top}-{left}.png", pixels[square]))
    for name, found in patches.items():
        for file, patch in found if len(found) >= fewest else ():
            save(patch, to / name / file)


def save(pixels, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tf.io.encode_png(pixels).numpy())


if __name__ == "__main__":
    main()
