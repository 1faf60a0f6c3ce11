"""The main job on real handwritten digits, without a download: `make demo`, or `python -m benchmarks.demo`.

Pretrains SimCLR without labels, scores its features beside raw pixels and random encoders, draws them, exports the
encoder, and asks the export for the same features in a process of its own.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np

import keras_ssl
from benchmarks.timing import describe_machine

RUN = Path("runs/demo-digits")
EXPORT = Path("saved_models/simclr-digits")

SERVE = """
import sys
import numpy as np
import tensorflow as tf

model = tf.saved_model.load(sys.argv[1])
images = np.load(sys.argv[2]).astype("float32")
np.save(sys.argv[3], model.signatures["serving_default"](images=tf.constant(images))["embedding"])
"""


def largest_difference(version, encoder):
    """How far the features of an export, computed in a process without keras_ssl, are from the encoder's."""
    images, _ = keras_ssl.data.digits.load_digits("test")
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder, "images.npy"), Path(folder, "embedding.npy")
        np.save(asked, images)
        words = [sys.executable, "-c", SERVE, str(version), str(asked), str(answered)]
        served = subprocess.run(words, stderr=subprocess.PIPE, text=True)
        if served.returncode:
            sys.exit(f"The export could not be asked:\n{served.stderr}")
        return float(np.abs(np.load(answered) - encoder.predict(images, verbose=0)).max())


@click.command(help=__doc__)
def main():
    start = time.perf_counter()
    print(describe_machine())
    if (RUN / "config.yaml").is_file():
        shutil.rmtree(RUN)
    print("\n1. SimCLR learns from 1437 digits, without a label.")
    run = keras_ssl.runs.pretrain("simclr", "digits", RUN, monitor=False, verbose=2)
    trained = time.perf_counter()
    print("\n2. How good are the features? Scored on 360 digits that training has not seen.")
    rows = keras_ssl.runs.evaluate(run, ["few-label", "knn"], verbose=0)
    print("\n3. Into production: a SavedModel, asked in a process of its own.")
    version = keras_ssl.runs.export(run, EXPORT)
    difference = largest_difference(version, run.encoder())
    if difference > 1e-4:
        sys.exit(f"The export's features differ from the encoder's by {difference}.")

    print(f"\n{keras_ssl.evaluate.format_table(rows)}\n")
    print(f"Mean and deviation over 10 draws of labels. Training took {trained - start:.0f} s, ", end="")
    print(f"all of it {time.perf_counter() - start:.0f} s.")
    print(f"The export gives the same features (largest difference {difference:.0e}).\n")
    for what, path in {
        "views that SimCLR compares": RUN / "figures/views.png",
        "map of the features": RUN / "figures/map.png",
        "training curves": RUN / "figures/curves.png",
        "scores": RUN / "evaluation.json",
        "encoder for Keras": RUN / "encoder.keras",
        "encoder for TF Serving": version,
    }.items():
        print(f"{what:<28}{path}")


if __name__ == "__main__":
    main()
