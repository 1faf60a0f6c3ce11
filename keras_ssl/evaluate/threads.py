import contextlib

import numpy as np

# Solvers compute many small products, and threads wait for each other in each of them. On two cores with 50 000 x 512
# features two threads were 1.5 times faster than one when nothing else ran, and ten times slower when something did.
SMALL = 2**26


def limit_threads(features: np.ndarray) -> contextlib.AbstractContextManager:
    """Context in which NumPy and scikit-learn use one thread, unless the matrix `features` is very large."""
    if features.size > SMALL:
        return contextlib.nullcontext()
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)
