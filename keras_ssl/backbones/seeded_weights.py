import contextlib
import random


@contextlib.contextmanager
def seeded_weights(seed):
    """Context in which initializers without a seed draw weights that are a function of `seed`.

    Keras draws missing seeds from Python's `random`. Its state is restored afterwards; NumPy's and TensorFlow's
    generators are not affected.

    Args:
        seed: Integer.
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
