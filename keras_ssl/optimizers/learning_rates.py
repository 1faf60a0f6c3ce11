import keras

# Goyal et al. (2017) and most later papers state learning rates for a batch of 256 images.
REFERENCE_BATCH_SIZE = 256

SCALINGS = {
    "linear": lambda base, batch_size: base * batch_size / REFERENCE_BATCH_SIZE,
    "sqrt": lambda base, batch_size: base * batch_size**0.5,
}


def scaled_learning_rate(base_learning_rate: float, batch_size: int, scaling: str = "linear") -> float:
    """Scale a learning rate to a batch size.

    Args:
        base_learning_rate: Float > 0. Learning rate before scaling.
        batch_size: Integer > 0. Images in the global batch, over all replicas and before augmentation doubles them.
        scaling: String. `"linear"` for `base * batch_size / 256` (Goyal et al., 2017; SimCLR with 0.3), or `"sqrt"`
            for `base * sqrt(batch_size)` (SimCLR, appendix B.1, with 0.075; better for small batches). Defaults to
            `"linear"`.

    Returns:
        Float. The learning rate.

    Raises:
        ValueError: If a number is not positive or `scaling` is unknown.

    Example:

    >>> keras_ssl.optimizers.scaled_learning_rate(0.3, 4096)
    4.8
    >>> keras_ssl.optimizers.scaled_learning_rate(0.075, 4096, "sqrt")
    4.8
    """
    if scaling not in SCALINGS:
        raise ValueError(f'scaling must be "linear" or "sqrt". Received: scaling={scaling!r}')
    if base_learning_rate <= 0:
        raise ValueError(f"base_learning_rate must be positive. Received: base_learning_rate={base_learning_rate}")
    if batch_size <= 0:
        raise ValueError(f"batch_size must be positive. Received: batch_size={batch_size}")
    return float(SCALINGS[scaling](base_learning_rate, batch_size))


def scaled_cosine(
    base_learning_rate: float,
    batch_size: int,
    total_steps: int,
    warmup_steps: int = 0,
    *,
    scaling: str = "linear",
    final_fraction: float = 0.0,
) -> keras.optimizers.schedules.CosineDecay:
    """Cosine decay with linear warm-up, scaled to a batch size.

    Rises from 0 to `scaled_learning_rate(base_learning_rate, batch_size, scaling)` in `warmup_steps`, then falls
    along half a cosine until `total_steps`.

    Args:
        base_learning_rate: Float > 0. Learning rate before scaling.
        batch_size: Integer > 0. Images in the global batch.
        total_steps: Integer > 0. Steps of the whole training, warm-up included: epochs times steps per epoch.
        warmup_steps: Integer >= 0 and below `total_steps`. Ten epochs in SimCLR. Defaults to `0`.
        scaling: String. `"linear"` or `"sqrt"`, see `scaled_learning_rate`. Defaults to `"linear"`.
        final_fraction: Float in `[0, 1]`. Learning rate at the end, as a fraction of the highest. Defaults to `0.0`.

    Returns:
        A `keras.optimizers.schedules.CosineDecay`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> schedule = keras_ssl.optimizers.scaled_cosine(0.5, batch_size=512, total_steps=100, warmup_steps=10)
    >>> [round(float(schedule(step)), 3) for step in (0, 10, 55, 100)]
    [0.0, 1.0, 0.5, 0.0]
    """
    peak = scaled_learning_rate(base_learning_rate, batch_size, scaling)
    if not 0 <= warmup_steps < total_steps:
        raise ValueError(
            "warmup_steps must be at least 0 and below total_steps. Train longer or use a shorter warm-up. "
            f"Received: warmup_steps={warmup_steps}, total_steps={total_steps}"
        )
    if not 0 <= final_fraction <= 1:
        raise ValueError(f"final_fraction must be in [0, 1]. Received: final_fraction={final_fraction}")
    if not warmup_steps:
        return keras.optimizers.schedules.CosineDecay(peak, total_steps, alpha=final_fraction)
    return keras.optimizers.schedules.CosineDecay(
        0.0, total_steps - warmup_steps, alpha=final_fraction, warmup_target=peak, warmup_steps=warmup_steps
    )
