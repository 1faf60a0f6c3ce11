from keras_ssl import plots
from keras_ssl.runs.run import save_figure

COLUMNS = 10
SAMPLES = 4 * COLUMNS
WALKS = 4


def save_task_figures(model, images, folder):
    """Saves what a method is going to look at as figures in a run folder: random views, and what it asks about them.

    Args:
        model: a `keras_ssl.SelfSupervisedModel`.
        images: array (n, height, width, channels), raw pixels in [0, 255].
        folder: the run folder.
    """
    if model.augmenter is not None:
        save_figure(folder, "views", plots.views, model.augmenter, images, seed=model.seed)
    if hasattr(model, "questions"):
        save_figure(folder, "questions", plots.questions, model, images)


def save_sample_figures(model, images, folder):
    """Saves what a method can show of itself as figures in a run folder.

    A method that rebuilds images shows some of them beside what it makes of them; one that draws new images shows
    some, and the way from one to another.

    Args:
        model: a `keras_ssl.SelfSupervisedModel`.
        images: array (n, height, width, channels), raw pixels in [0, 255].
        folder: the run folder.
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
