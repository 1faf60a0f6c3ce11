import contextlib
import random
from collections.abc import Iterator


@contextlib.contextmanager
def seeded_weights(seed: int) -> Iterator[None]:
    """Context in which initializers without a seed draw weights that are a function of `seed`.

    Keras draws missing seeds from Python's `random`, whose state is restored afterwards. NumPy's and TensorFlow's
    generators are not affected.

    Args:
        seed: Integer. Seed of the weights.
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
