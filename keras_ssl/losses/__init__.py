from keras_ssl.losses.adversarial import discriminator_loss, generator_loss, r1_penalty
from keras_ssl.losses.barlow_twins import barlow_twins
from keras_ssl.losses.boxes import box_iou, giou, smooth_l1
from keras_ssl.losses.contractive import contractive_penalty
from keras_ssl.losses.contrasted_views import contrasted_views
from keras_ssl.losses.decoupled_nt_xent import decoupled_cross_entropy, decoupled_nt_xent
from keras_ssl.losses.dice import dice
from keras_ssl.losses.dino import dino
from keras_ssl.losses.distance import embedding_spread, euclidean_distance, euclidean_distances
from keras_ssl.losses.distillation import distillation
from keras_ssl.losses.fcos import centerness, fcos
from keras_ssl.losses.info_nce import info_nce, nnclr
from keras_ssl.losses.instance_discrimination import contrastive_accuracy, positive_accuracy, softmax_cross_entropy
from keras_ssl.losses.likelihood import bernoulli_likelihood, gaussian_kl, gaussian_likelihood
from keras_ssl.losses.masked_patch_error import masked_patch_error, patch_statistics
from keras_ssl.losses.masked_pixel_error import masked_pixel_error
from keras_ssl.losses.multi_task import labelled_mean, uncertainty_weighted
from keras_ssl.losses.negative_cosine import negative_cosine
from keras_ssl.losses.nt_xent import nt_xent
from keras_ssl.losses.pairwise_contrastive import pairwise_contrastive
from keras_ssl.losses.reconstruction import binary_cross_entropy, squared_error, structural_dissimilarity
from keras_ssl.losses.sigmoid_focal import sigmoid_focal
from keras_ssl.losses.similarity import (
    cosine_similarities,
    gather_views,
    query_key_similarities,
    two_view_similarities,
)
from keras_ssl.losses.sinkhorn import sinkhorn
from keras_ssl.losses.sparsity import kl_sparsity, l1_sparsity
from keras_ssl.losses.swapped_prediction import swapped_prediction
from keras_ssl.losses.triplet_margin import triplet_margin
from keras_ssl.losses.triplet_mining import MINERS, hardest_negatives, random_negatives, semi_hard_negatives
from keras_ssl.losses.vicreg import vicreg, vicreg_terms

__all__ = [
    "MINERS",
    "barlow_twins",
    "bernoulli_likelihood",
    "binary_cross_entropy",
    "box_iou",
    "centerness",
    "contractive_penalty",
    "contrasted_views",
    "contrastive_accuracy",
    "cosine_similarities",
    "decoupled_cross_entropy",
    "decoupled_nt_xent",
    "dice",
    "dino",
    "discriminator_loss",
    "distillation",
    "embedding_spread",
    "euclidean_distance",
    "euclidean_distances",
    "fcos",
    "gather_views",
    "gaussian_kl",
    "gaussian_likelihood",
    "generator_loss",
    "giou",
    "hardest_negatives",
    "info_nce",
    "kl_sparsity",
    "l1_sparsity",
    "labelled_mean",
    "masked_patch_error",
    "masked_pixel_error",
    "negative_cosine",
    "nnclr",
    "nt_xent",
    "pairwise_contrastive",
    "patch_statistics",
    "positive_accuracy",
    "query_key_similarities",
    "r1_penalty",
    "random_negatives",
    "semi_hard_negatives",
    "sigmoid_focal",
    "sinkhorn",
    "smooth_l1",
    "softmax_cross_entropy",
    "squared_error",
    "structural_dissimilarity",
    "swapped_prediction",
    "triplet_margin",
    "two_view_similarities",
    "uncertainty_weighted",
    "vicreg",
    "vicreg_terms",
]
