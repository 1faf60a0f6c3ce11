import numpy as np
import pytest

from keras_ssl.plots import embedding_map


def groups(figure):
    """Label -> points (n, 2) of each group on the map."""
    return {group.get_label(): group.get_offsets() for group in figure.axes[0].collections}


@pytest.fixture
def blobs(rng):
    labels = np.repeat(np.arange(3), 20)
    return (10 * np.eye(3, 8)[labels] + rng.normal(size=(60, 8))).astype("float32"), labels


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_groups_lie_apart_and_are_named(blobs, drawn, method):
    figure = embedding_map(*blobs, method=method, class_names=["cat", "dog", "elk"])
    points = groups(figure)
    assert {name: len(p) for name, p in points.items()} == {"cat": 20, "dog": 20, "elk": 20}
    centers = np.stack([p.mean(axis=0) for p in points.values()])
    spread = max(p.std(axis=0).max() for p in points.values())
    distances = np.linalg.norm(centers[:, None] - centers, axis=-1)[np.triu_indices(3, 1)]
    assert distances.min() > 2 * spread
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["cat", "dog", "elk"]
    assert drawn(figure).std() > 0


def test_the_same_seed_draws_the_same_map(blobs):
    one, other = (groups(embedding_map(*blobs, max_points=30, seed=2)) for _ in range(2))
    for a, b in zip(one.values(), other.values(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_max_points_and_no_labels(blobs, drawn):
    figure = embedding_map(blobs[0], method="pca", max_points=25)
    assert [len(p) for p in groups(figure).values()] == [25]
    assert not figure.legends and "25 images" in figure.axes[0].get_title()
    drawn(figure)


def test_classes_up_to_thirty_look_different_and_more_have_no_legend(rng):
    features = rng.normal(size=(200, 4))
    figure = embedding_map(features, np.arange(200) % 30, method="pca")
    looks = {
        (*group.get_facecolor()[0], group.get_paths()[0].vertices.tobytes()) for group in figure.axes[0].collections
    }
    assert len(looks) == 30 and len(figure.legends) == 1
    assert not embedding_map(features, np.arange(200) % 100, method="pca").legends


@pytest.mark.parametrize(
    ("features", "labels", "arguments", "message"),
    [
        (np.zeros((10, 3)), None, {"method": "umap"}, "method='umap'"),
        (np.zeros((10, 3)), np.zeros(9, int), {}, r"labels of shape \(9,\)"),
        (np.zeros((4, 3)), None, {}, r"shape \(4, 3\)"),
        (np.full((10, 3), np.nan), None, {}, "10 of 10 rows"),
        (np.zeros((10, 3)), None, {"max_points": 1}, "max_points=1"),
    ],
)
def test_what_makes_no_map_is_refused(features, labels, arguments, message):
    with pytest.raises(ValueError, match=message):
        embedding_map(features, labels, **arguments)


@pytest.mark.parametrize("scale", [1e-30, 1.0])
def test_features_of_one_direction_are_no_map(scale, rng):
    """t-SNE makes NaN of them, and crashes."""
    spread = rng.normal(size=(60, 8)) if scale < 1 else np.arange(1, 61)[:, None] * np.ones((1, 8))
    with pytest.raises(ValueError, match="a map would be one point"):
        embedding_map(scale * spread, np.arange(60) % 10)
