from keras_ssl.losses.nt_xent import nt_xent
from keras_ssl.losses.similarity import contrastive_accuracy, cosine_similarities, two_view_similarities
from keras_ssl.losses.spread import embedding_spread

__all__ = [
    "contrastive_accuracy",
    "cosine_similarities",
    "embedding_spread",
    "nt_xent",
    "two_view_similarities",
]
