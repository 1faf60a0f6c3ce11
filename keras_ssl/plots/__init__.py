from keras_ssl.plots.attention_maps import attention_maps
from keras_ssl.plots.detections import detections
from keras_ssl.plots.embedding_map import embedding_map
from keras_ssl.plots.latent_walk import latent_walk
from keras_ssl.plots.masked_reconstructions import masked_reconstructions
from keras_ssl.plots.masks import masks
from keras_ssl.plots.neighbors import neighbors
from keras_ssl.plots.questions import questions
from keras_ssl.plots.reconstructions import reconstructions
from keras_ssl.plots.samples import samples
from keras_ssl.plots.training_curves import training_curves
from keras_ssl.plots.views import views

__all__ = [
    "attention_maps",
    "detections",
    "embedding_map",
    "latent_walk",
    "masked_reconstructions",
    "masks",
    "neighbors",
    "questions",
    "reconstructions",
    "samples",
    "training_curves",
    "views",
]
