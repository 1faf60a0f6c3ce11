import numpy as np
from threadpoolctl import threadpool_info

from keras_ssl.evaluate import threads


def thread_counts():
    return {pool["num_threads"] for pool in threadpool_info()}


def test_one_thread_for_small_matrices_and_all_again_afterwards(monkeypatch):
    before = thread_counts()
    with threads.limit_threads(np.zeros((10, 10))):
        assert thread_counts() == {1}
    assert thread_counts() == before
    monkeypatch.setattr(threads, "SMALL", 99)
    with threads.limit_threads(np.zeros((10, 10))):
        assert thread_counts() == before
