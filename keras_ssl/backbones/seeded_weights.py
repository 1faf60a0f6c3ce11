import contextlib
import random


@contextlib.contextmanager
def seeded_weights(seed):
    """A context in which initializers without a seed draw weights that are a function of `seed`.

    Keras draws the seeds that nobody names from Python's generator. That of the caller goes on afterwards as if
    nothing had been drawn, and NumPy's and TensorFlow's are not touched.

    Args:
        seed: An integer.
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
