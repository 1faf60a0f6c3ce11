import numpy as np
import pytest
from sklearn.svm import LinearSVC

from keras_ssl.evaluate.squared_hinge import SquaredHinge


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("c", [1e-4, 1.0])
def test_the_minimum_is_that_of_liblinear(classes, c, rng):
    labels = np.arange(200) % classes
    features = (rng.normal(size=(200, 6)) + 0.7 * np.eye(6)[labels]).astype("float32")
    expected = LinearSVC(C=c, tol=1e-10, max_iter=100_000).fit(features, labels)
    # A start elsewhere, such as the solution of another C, ends in the same minimum.
    found = SquaredHinge(0.01).fit(features, labels).set_c(c).fit(features, labels)
    outputs = np.concatenate([features, np.ones((200, 1))], axis=1) @ found._weights
    np.testing.assert_allclose(
        outputs[:, -1], expected.decision_function(features).reshape(200, -1)[:, -1], atol=2e-3
    )
    np.testing.assert_array_equal(found.predict(features), expected.predict(features))
    assert found.score(features, labels) == expected.score(features, labels)


def test_classes_need_not_be_numbered():
    features = np.float32([[0, 1], [1, 0], [0, 2], [2, 0]])
    assert SquaredHinge(1.0).fit(features, [7, 3, 7, 3]).predict(features).tolist() == [7, 3, 7, 3]
