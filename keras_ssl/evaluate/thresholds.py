"""Thresholds by which a training is judged, each with its source."""

# Two standard errors: one in twenty differences by chance is larger.
STANDARD_ERRORS = 2.0

# Below these, features are collapsed. A mean cosine of 0.999 is a spread of 0.03; a rank of 1 is a single direction.
MIN_SPREAD = 0.03
MIN_RANK = 1.5
COLLAPSED = {"feature_spread": MIN_SPREAD, "embedding_spread": MIN_SPREAD, "feature_rank": MIN_RANK}

# Runs whose features were better than a random encoder's by kNN, on 500 monitored images, had these or more: SimCLR
# on 1437 digits, a small_cnn of 256 features, kNN 0.98, had a rank of 86, a spread of 0.42 and found 23 % of the
# positives; on 1632 photographs of hands at 32 pixels, a ResNet-18 of width 16 with 128 features, after 290 steps,
# kNN 0.40, it had 36, 0.40 and 7 %. After 36 steps the latter, kNN 0.25 as at first, had 30, 0.25 and 1 %. DINO on
# the same, kNN 0.71 after 1200 steps, had 21 and 0.45; its random encoder had 40 and 0.19.
GOOD = {"feature_rank": 20.0, "feature_spread": 0.3, "contrastive_accuracy": 0.05}
GOOD_STEPS = 290

# Encoders with their usual normalization have features of a deviation between 0.02 and 2. SimCLR on the digits, whose
# features had 0.2 after 55 steps of Adam, had 385 to 1792 at a learning rate of 1000.
EXPLODED_STD = 100.0
# After 55 steps of Adam at learning rates of 0.1 and 3 the features of the digits had ranks of 7 and 3 and were worse
# than a random encoder's by kNN; at the recipe's rate of 0.001 the rank was 87.
FEW_DIRECTIONS = GOOD["feature_rank"] / 2
# A loss that rises by this share of its first value does not rise by chance: twelve steps on batches of 32 rose by
# 0.06.
ROSE = 0.1
# What is logged by methods whose loss may rise in a good training: with a momentum encoder that learns, a queue that
# fills, assignments that sharpen, a penalty that grows, weights that are learned, or an adversary.
LOSS_MAY_RISE = ("momentum", "queue_fill", "prototype_entropy", "beta", "_weight", "generator_loss")

# A run on 1632 photographs had features beyond a random encoder's after 1000 steps, and 96 steps taught it nothing.
FEW_STEPS = 1000
# A guess among the other views of a batch of 128 is right in 0.004 of the cases; runs that learned had 0.1 to 0.5
# after 1000 steps.
RARELY_FOUND = 0.05
# The loss counts as still falling if it fell in the last fifth of the training by more than this share of its whole
# fall.
STILL_FALLING = 0.05
# Above this accuracy a task has little left to teach: on photographs of hand signs 0.987 of the jigsaw's permutations
# were found early in the training, and the features were no better than a random encoder's.
SOLVED = 0.95
TASK_ACCURACIES = ("permutation_accuracy", "rotation_accuracy")
