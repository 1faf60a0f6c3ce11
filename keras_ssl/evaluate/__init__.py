from keras_ssl.evaluate.baselines import random_baseline, random_encoder, raw_pixels
from keras_ssl.evaluate.features import Features, extract_features
from keras_ssl.evaluate.few_label import few_label
from keras_ssl.evaluate.knn import knn
from keras_ssl.evaluate.linear_probe import linear_classifier, linear_probe
from keras_ssl.evaluate.mlp_probe import mlp_probe
from keras_ssl.evaluate.nearest import nearest
from keras_ssl.evaluate.score import Score, format_table
from keras_ssl.evaluate.svm import svm

__all__ = [
    "Features",
    "Score",
    "extract_features",
    "few_label",
    "format_table",
    "knn",
    "linear_classifier",
    "linear_probe",
    "mlp_probe",
    "nearest",
    "random_baseline",
    "random_encoder",
    "raw_pixels",
    "svm",
]
