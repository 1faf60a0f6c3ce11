import contextlib

# Below this many numbers two threads take longer than one, and many times longer on a busy machine, because they wait
# for each other in each of the solver's small products.
SMALL = 2**22


def suited_to(features):
    """A context in which NumPy and scikit-learn use one thread when the matrix `features` is small, else all."""
    if features.size > SMALL:
        return contextlib.nullcontext()
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)
