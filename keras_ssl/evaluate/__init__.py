"""Scores of features, most by scikit-learn's classifiers. Nothing here trains an encoder."""

from keras_ssl.evaluate.accuracy import accuracy
from keras_ssl.evaluate.baselines import random_baseline, random_encoder, raw_pixels
from keras_ssl.evaluate.estimate_batch_statistics import estimate_batch_statistics
from keras_ssl.evaluate.features import Features, extract_features
from keras_ssl.evaluate.few_label import few_label
from keras_ssl.evaluate.frechet_distance import frechet_distance
from keras_ssl.evaluate.kernel_distance import KernelDistance, kernel_distance
from keras_ssl.evaluate.knn import knn
from keras_ssl.evaluate.linear_probe import linear_classifier, linear_probe
from keras_ssl.evaluate.mlp_probe import mlp_probe
from keras_ssl.evaluate.nearest import nearest
from keras_ssl.evaluate.pca import pca_reconstructions
from keras_ssl.evaluate.rankme import rankme
from keras_ssl.evaluate.reconstruction_error import reconstruction_error
from keras_ssl.evaluate.score import Score, format_table
from keras_ssl.evaluate.svm import svm
from keras_ssl.evaluate.training_verdict import training_verdict
from keras_ssl.evaluate.verdict import Verdict, verdict

__all__ = [
    "Features",
    "KernelDistance",
    "Score",
    "Verdict",
    "accuracy",
    "estimate_batch_statistics",
    "extract_features",
    "few_label",
    "format_table",
    "frechet_distance",
    "kernel_distance",
    "knn",
    "linear_classifier",
    "linear_probe",
    "mlp_probe",
    "nearest",
    "pca_reconstructions",
    "random_baseline",
    "random_encoder",
    "rankme",
    "raw_pixels",
    "reconstruction_error",
    "svm",
    "training_verdict",
    "verdict",
]
