from pathlib import Path

import keras
import numpy as np

from keras_ssl import plots
from keras_ssl.runs.run import save_figure

COLUMNS = 10
SAMPLES = 4 * COLUMNS
WALKS = 4


def save_task_figures(model: keras.Model, images: np.ndarray, folder: Path) -> None:
    """Save figures of the inputs of a method in a run folder: random views, and the pretext task.

    Args:
        model: A `keras_ssl.SelfSupervisedModel`.
        images: Array of shape `(n, height, width, channels)`. Raw pixels in [0, 255].
        folder: The run folder.
    """
    if model.augmenter is not None:
        save_figure(folder, "views", plots.views, model.augmenter, images, seed=model.seed)
    if hasattr(model, "questions"):
        save_figure(folder, "questions", plots.questions, model, images)


def save_sample_figures(model: keras.Model, images: np.ndarray, folder: Path) -> None:
    """Save figures of the outputs of a method in a run folder.

    For methods that reconstruct images: images beside their reconstructions. For generative methods: samples, and
    walks from one latent vector to another.

    Args:
        model: A `keras_ssl.SelfSupervisedModel`.
        images: Array of shape `(n, height, width, channels)`. Raw pixels in [0, 255].
        folder: The run folder.
    """
    images = images[:COLUMNS]
    if hasattr(model, "mask_images"):
        save_figure(folder, "reconstructions", plots.masked_reconstructions, model, images)
    elif hasattr(model, "reconstruct"):
        save_figure(folder, "reconstructions", plots.reconstructions, images, model.reconstruct(images))
    draw = getattr(model, "generate", None) or getattr(model, "sample", None)
    if draw is not None:
        save_figure(folder, "samples", plots.samples, draw(SAMPLES), columns=COLUMNS)
        start, end = model.latents(2 * WALKS).reshape(2, WALKS, -1)
        save_figure(folder, "latent_walk", plots.latent_walk, model.decode, start, end, steps=COLUMNS)
