from keras_ssl.plots.embedding_map import embedding_map
from keras_ssl.plots.neighbors import neighbors
from keras_ssl.plots.training_curves import training_curves
from keras_ssl.plots.views import views

__all__ = ["embedding_map", "neighbors", "training_curves", "views"]
