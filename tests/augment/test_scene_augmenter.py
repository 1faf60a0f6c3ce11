import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl import distribute
from keras_ssl.augment import RandomBrightnessContrast, RandomColorJitter, SceneAugmenter

SEED = (3, 4)


@pytest.fixture
def targets(rng):
    """Three objects in each of the images of conftest.py, the last row of every other image without one."""
    corners = np.sort(rng.uniform(0, 1, (8, 3, 2, 2)), axis=2)
    boxes = corners.reshape(8, 3, 4).astype("float32")
    classes = rng.integers(0, 5, (8, 3), dtype="int32")
    boxes[::2, 2], classes[::2, 2] = -1, -1
    return {"boxes": boxes, "classes": classes, "masks": rng.integers(0, 12, (8, 15, 20), dtype="uint8")}


def still(image_size, **settings):
    """An augmenter that draws no crop, no flip and no colors, except as told."""
    unchanged = {"scale": (1.0, 1.0), "stretch": (1.0, 1.0), "flip_probability": 0.0, "strength": 0.0}
    return SceneAugmenter(image_size, **{**unchanged, "jit_compile": False, **settings})


def assert_equal(results, expected, share=0.0):
    """All arrays are equal, or differ by rounding and in at most `share` of the masks' pixels."""
    (views, targets), (expected_views, expected_targets) = results, expected
    np.testing.assert_allclose(views, expected_views, atol=0.05)
    assert targets.keys() == expected_targets.keys()
    for name, target in targets.items():
        assert target.dtype == expected_targets[name].dtype
        if name == "masks":
            assert np.mean(target != expected_targets[name]) <= share
        else:
            np.testing.assert_allclose(target, expected_targets[name], atol=1e-4)


def test_shapes_and_dtypes(images, targets):
    views, moved = SceneAugmenter((12, 10))(images, targets, seed=SEED)
    assert (views.shape, views.dtype) == ((8, 12, 10, 3), tf.float32)
    assert (moved["boxes"].shape, moved["boxes"].dtype) == ((8, 3, 4), tf.float32)
    assert (moved["classes"].shape, moved["classes"].dtype) == ((8, 3), tf.int32)
    assert (moved["masks"].shape, moved["masks"].dtype) == ((8, 12, 10), tf.uint8)
    assert views.numpy().min() >= 0
    assert views.numpy().max() <= 255.01


def test_without_crop_flip_and_colors_nothing_changes(images, targets):
    assert_equal(still((15, 20))(images, targets, seed=SEED), (images.astype("float32"), targets))


def test_flips_images_boxes_and_masks(images, targets):
    flip = still((15, 20), flip_probability=1.0, vertical_flip_probability=1.0)
    views, moved = flip(images, targets, seed=SEED)
    np.testing.assert_allclose(views, images[:, ::-1, ::-1], atol=0.05)
    np.testing.assert_array_equal(moved["masks"], targets["masks"][:, ::-1, ::-1])
    present = targets["classes"] >= 0
    np.testing.assert_allclose(moved["boxes"][present], (1 - targets["boxes"][..., [2, 3, 0, 1]])[present], atol=1e-6)
    assert_equal(flip(views, moved, seed=SEED), (images.astype("float32"), targets))


@pytest.mark.parametrize("direction", ["flip_probability", "vertical_flip_probability"])
def test_flips_as_often_as_told(rng, direction):
    images = np.arange(4, dtype="float32").reshape(1, 2, 2, 1).repeat(1000, axis=0)
    views, _ = still(2, **{direction: 0.3})(images, {}, seed=SEED)
    axis = 2 if direction == "flip_probability" else 1
    flipped = np.all(np.abs(views - np.flip(images, axis)) < 0.01, axis=(1, 2, 3))
    upright = np.all(np.abs(views - images) < 0.01, axis=(1, 2, 3))
    assert np.logical_xor(flipped, upright).all()
    np.testing.assert_allclose(flipped.mean(), 0.3, atol=0.05)


def test_windows_have_the_areas_and_aspect_ratios_asked_for():
    # The pixels are their own coordinates. Of 2 x 2 output pixels, the centers lie a quarter of the window inside.
    rows, columns = np.indices((40, 60)) + 0.5
    image = np.stack([rows / 40, columns / 60], axis=-1).astype("float32")
    augmenter = still(2, scale=(0.2, 0.6), stretch=(0.8, 1.25), antialias=False)
    views, _ = augmenter(np.tile(image, (500, 1, 1, 1)), {}, seed=SEED)
    first, second = views.numpy()[:, 0, 0], views.numpy()[:, 1, 1]
    size = 2 * (second - first)
    begin = first - size / 4

    area, stretch = size.prod(axis=1), size[:, 1] / size[:, 0]
    np.testing.assert_allclose(np.quantile(area, (0, 0.5, 1)), (0.2, 0.4, 0.6), atol=0.03)
    np.testing.assert_allclose(np.quantile(np.log(stretch), (0, 0.5, 1)), np.log((0.8, 1, 1.25)), atol=0.03)
    assert begin.min() >= -1e-3
    assert (begin + size).max() <= 1 + 1e-3
    # Anywhere in the image.
    position = begin / (1 - size)
    np.testing.assert_allclose(np.quantile(position, (0, 0.5, 1), axis=0).T, [(0, 0.5, 1)] * 2, atol=0.08)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    corners=st.tuples(st.integers(0, 10), st.integers(0, 14), st.integers(4, 12), st.integers(4, 12)),
    scale=st.sampled_from([(0.3, 0.6), (0.5, 1.0), (1.5, 2.5)]),
)
def test_the_box_around_a_masks_pixels_is_the_box(seed, corners, scale):
    top, left, height, width = corners
    bottom, right = min(top + height, 18), min(left + width, 24)
    masks = np.zeros((4, 18, 24), "uint8")
    masks[:, top:bottom, left:right] = 1
    box = np.array([top / 18, left / 24, bottom / 18, right / 24], "float32")
    targets = {"boxes": np.tile(box, (4, 1, 1)), "classes": np.zeros((4, 1), "int32"), "masks": masks}
    augmenter = still(
        (20, 30),
        scale=scale,
        stretch=(0.7, 1.4),
        flip_probability=0.5,
        vertical_flip_probability=0.5,
        min_visible=0.0,
        ignore_class=9,
    )
    # The image shows what the mask says.
    views, moved = augmenter(100.0 * masks[..., np.newaxis], targets, seed=(seed, 0))
    moved = {name: target.numpy() for name, target in moved.items()}
    for view, mask, (box,), (class_id,) in zip(
        views.numpy()[..., 0], moved["masks"], moved["boxes"], moved["classes"], strict=True
    ):
        if class_id < 0:
            assert (mask != 1).all()
            continue
        pixels = box * (20, 30, 20, 30)
        if min(pixels[2:] - pixels[:2]) < 1:
            continue  # may lie between the centers of the pixels
        rows, columns = np.nonzero(mask == 1)
        around = (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)
        np.testing.assert_allclose(pixels, around, atol=0.51)
        inside = np.zeros_like(mask, bool)
        inside[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
        np.testing.assert_array_equal(mask == 1, inside)
        assert view[inside].min() > 20
        assert np.all(view[mask == 0] < 90)


def test_objects_that_the_crop_leaves_out_are_dropped_from_boxes_and_classes():
    # One object in each corner of the image: a window of a quarter of the area shows one or none of them whole.
    corner = np.array([0.0, 0.8])
    boxes = np.array([[[y, x, y + 0.2, x + 0.2] for y in corner for x in corner]] * 32, "float32")
    classes = np.tile(np.arange(4, dtype="int32"), (32, 1))
    images = np.zeros((32, 20, 20, 3), "uint8")
    augmenter = still(8, scale=(0.25, 0.25), min_visible=0.3)
    _, moved = augmenter(images, {"boxes": boxes, "classes": classes}, seed=SEED)
    kept = moved["classes"].numpy() >= 0
    assert 0 < kept.sum() < kept.size / 4
    assert kept.sum(axis=1).max() == 1
    np.testing.assert_array_equal(moved["classes"], np.where(kept, classes, -1))
    np.testing.assert_array_equal(np.all(moved["boxes"] == -1, axis=2), ~kept)
    # Each is as wide as 0.2 / 0.5 of the window, where it is whole.
    areas = np.prod(moved["boxes"][kept][:, 2:] - moved["boxes"][kept][:, :2], axis=1)
    assert areas.min() >= 0.3 * 0.4**2 - 1e-4
    assert areas.max() <= 0.4**2 + 1e-4


def test_rows_without_an_object_stay_so(images, targets):
    empty = {"boxes": np.full((8, 3, 4), -1, "float32"), "classes": np.full((8, 3), -1, "int32")}
    for scale in ((0.2, 0.5), (1.0, 3.0)):
        _, moved = SceneAugmenter(8, scale=scale, jit_compile=False)(images, empty, seed=SEED)
        for name, target in empty.items():
            np.testing.assert_array_equal(moved[name], target)


def test_zooming_out_surrounds_the_image_with_its_mean_color_and_the_ignored_class(images):
    augmenter = still((30, 40), scale=(4.0, 4.0), ignore_class=255)
    boxes = np.tile(np.array([0, 0, 1, 1], "float32"), (8, 1, 1))
    masks = np.full((8, 15, 20), 7, "uint8")
    views, moved = augmenter(images, {"boxes": boxes, "masks": masks}, seed=SEED)
    for image, view, mask, (box,) in zip(images, views.numpy(), moved["masks"].numpy(), moved["boxes"], strict=True):
        np.testing.assert_allclose(box[2:] - box[:2], 0.5, atol=1e-5)
        inside = mask == 7
        assert inside.sum() == 15 * 20
        assert np.all(mask[~inside] == 255)
        np.testing.assert_allclose(view[~inside], np.tile(image.mean(axis=(0, 1)), (900, 1)), atol=0.05)
        # At half a pixel from the image's pixels at most: the original, smoothed.
        np.testing.assert_allclose(view[inside].mean(axis=0), image.mean(axis=(0, 1)), atol=6)


@pytest.mark.parametrize("channels", [1, 2, 13])
def test_other_images_than_rgb_change_in_brightness_and_contrast_without_a_warning(rng, recwarn, channels):
    images = rng.integers(50, 150, (6, 8, 8, channels), dtype="uint8")
    views, _ = still(8, strength=0.5)(images, {}, seed=SEED)
    assert views.shape == images.shape
    assert 1 <= np.sum(np.abs(views - images).max(axis=(1, 2, 3)) > 5) <= 6
    assert not [warning for warning in recwarn if "keras_ssl" in str(warning.filename)]


def test_colors_change_by_the_strength_and_stay(images):
    augmenter = SceneAugmenter(8, strength=0.25)
    rgb, other = augmenter._rgb_colors, augmenter._other_colors
    assert isinstance(rgb, RandomColorJitter) and isinstance(other, RandomBrightnessContrast)
    assert (rgb.brightness, rgb.contrast, rgb.saturation, rgb.hue) == (0.2, 0.2, 0.2, 0.05)
    assert (other.brightness, other.contrast, rgb.gray_probability) == (0.2, 0.2, 0.0)
    views, _ = still((15, 20), strength=0.25)(images, {}, seed=SEED)
    assert np.abs(views - images).mean() > 3


def test_one_seed_gives_one_result_eager_in_a_graph_and_under_xla(images, targets):
    settings = {"scale": (0.5, 2.0), "ignore_class": 11}
    plain, compiled = (SceneAugmenter((12, 10), **settings, jit_compile=jit) for jit in (False, True))
    expected = plain(images, targets, seed=SEED)
    assert_equal(plain(images, targets, seed=SEED), expected)
    assert_equal(tf.function(plain)(images, targets, seed=SEED), expected)
    assert compiled.supports_jit
    for augmenter in (compiled, tf.function(compiled), tf.function(plain, jit_compile=True)):
        # Where the center of an output pixel lies on the edge of two, rounding decides.
        assert_equal(augmenter(images, targets, seed=SEED), expected, share=0.002)
    tf.config.run_functions_eagerly(True)
    try:
        assert_equal(plain(images, targets, seed=SEED), expected, share=0.002)
    finally:
        tf.config.run_functions_eagerly(False)


def test_other_seeds_and_other_rows_give_other_views(images, targets):
    same = np.repeat(images[:1], 8, axis=0)
    augmenter = SceneAugmenter(8, jit_compile=False)
    views = [augmenter(same, {}, seed=seed)[0].numpy() for seed in (SEED, (3, 5), (4, 4))]
    assert len(np.unique(np.concatenate(views).reshape(24, -1).round(2), axis=0)) == 24


def test_targets_do_not_change_the_views(images, targets):
    augmenter = SceneAugmenter(8, jit_compile=False)
    expected, moved = augmenter(images, targets, seed=SEED)
    for name in ("boxes", "masks"):
        views, alone = augmenter(images, {name: targets[name]}, seed=SEED)
        assert_equal((views, alone), (expected, {name: moved[name]}), share=0.002)


def test_without_a_seed_each_call_draws_a_new_one(images):
    def two_views(seed):
        augmenter = SceneAugmenter(8, seed=seed, jit_compile=False)
        return augmenter(images, {})[0].numpy(), augmenter(images, {})[0].numpy()

    first, second = two_views(seed=1)
    assert (first != second).any()
    np.testing.assert_array_equal(two_views(seed=1), (first, second))


def test_shares_of_a_batch_equal_the_global_batch(images, targets):
    augmenter = SceneAugmenter(8, jit_compile=False)
    whole = augmenter(images, targets, seed=SEED)
    shares = [
        augmenter(images[a:b], {name: target[a:b] for name, target in targets.items()}, seed=SEED, first_row=a)
        for a, b in ((0, 5), (5, 8))
    ]
    assert_equal(tf.nest.map_structure(lambda *parts: tf.concat(parts, axis=0), *shares), whole)


def test_two_devices_equal_one(images, targets, two_replicas):
    with two_replicas.scope():
        augmenter = SceneAugmenter(8)

    @tf.function
    def step(images, targets):
        share = distribute.share(tf.shape(images)[0])
        return augmenter(images, targets, seed=SEED, first_row=share.first_row)

    batch = (images, targets)
    parts = two_replicas.experimental_distribute_values_from_function(
        lambda context: tf.nest.map_structure(
            lambda array: tf.constant(array[4 * context.replica_id_in_sync_group :][:4]), batch
        )
    )
    results = two_replicas.experimental_local_results(two_replicas.run(step, parts))
    together = tf.nest.map_structure(lambda *parts: tf.concat(parts, axis=0), *results)
    assert_equal(together, augmenter(images, targets, seed=SEED), share=0.002)


def test_in_a_tf_data_pipeline_with_batches_of_any_size(images, targets):
    augmenter = SceneAugmenter(8, jit_compile=False)
    whole = augmenter(images, targets, seed=SEED)
    batches = tf.data.Dataset.from_tensor_slices((images, targets)).batch(5)
    parts = list(batches.map(lambda images, targets: augmenter(images, targets, seed=SEED)))
    assert parts[0][0].shape == (5, 8, 8, 3)
    first = tf.nest.map_structure(lambda tensor: tensor[:5], whole)
    assert_equal(parts[0], first)


def test_images_of_unknown_size(images, targets):
    augmenter = SceneAugmenter((12, 10), jit_compile=False)

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, None, None, 3), tf.uint8),
            {"boxes": tf.TensorSpec((None, None, 4)), "masks": tf.TensorSpec((None, None, None), tf.uint8)},
        ]
    )
    def any_size(images, targets):
        return augmenter(images, targets, seed=SEED)

    some = {name: targets[name] for name in ("boxes", "masks")}
    assert_equal(any_size(images, some), augmenter(images, some, seed=SEED), share=0.002)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_all_stays_float32_under_mixed_precision(images, targets, policy):
    expected = SceneAugmenter(8, jit_compile=False)(images, targets, seed=SEED)
    keras.config.set_dtype_policy(policy)
    views, moved = SceneAugmenter(8, jit_compile=False)(images, targets, seed=SEED)
    assert views.dtype == moved["boxes"].dtype == tf.float32
    assert_equal((views, moved), expected)


def test_saving_and_loading(images, targets, tmp_path, recwarn):
    augmenter = SceneAugmenter(
        (12, 10),
        scale=(0.4, 1.5),
        stretch=(0.9, 1.2),
        flip_probability=0.4,
        vertical_flip_probability=0.3,
        strength=0.6,
        min_visible=0.5,
        ignore_class=11,
        antialias=False,
        seed=5,
        jit_compile=False,
        name="scenes",
    )
    inputs = keras.Input((15, 20, 3), dtype="uint8")
    kinds = {"boxes": ((3, 4), "float32"), "classes": ((3,), "int32"), "masks": ((15, 20), "uint8")}
    given = {name: keras.Input(shape, dtype=dtype, name=name) for name, (shape, dtype) in kinds.items()}
    keras.Model([inputs, given], augmenter(inputs, given)).save(tmp_path / "scenes.keras")
    loaded = keras.saving.load_model(tmp_path / "scenes.keras").get_layer("scenes")
    assert loaded.get_config() == augmenter.get_config()
    assert_equal(loaded(images, targets, seed=SEED), augmenter(images, targets, seed=SEED))
    # And the layer's own generator goes on where it was.
    np.testing.assert_array_equal(loaded(images, {})[0], augmenter(images, {})[0])
    assert not [warning for warning in recwarn if "build" in str(warning.message)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"image_size": 0}, "image_size"),
        ({"scale": (1.0, 0.5)}, "scale"),
        ({"scale": (0.0, 0.5)}, "area"),
        ({"stretch": (0.0, 2.0)}, "area"),
        ({"stretch": 1.0}, "stretch"),
        ({"flip_probability": 2}, "flip_probability"),
        ({"vertical_flip_probability": -1}, "vertical_flip_probability"),
        ({"strength": -0.1}, "strength"),
        ({"min_visible": 1.5}, "min_visible"),
        ({"ignore_class": 256}, "ignore_class"),
        ({"ignore_class": 1.5}, "ignore_class"),
    ],
)
def test_errors_of_arguments(arguments, words):
    with pytest.raises(ValueError, match=f"{words}.*Received"):
        SceneAugmenter(**{"image_size": 8, **arguments})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"boxes": np.zeros((8, 4))}, "batch, objects, 4"),
        ({"boxes": np.zeros((7, 3, 4))}, "batch, objects, 4"),
        ({"boxes": None}, "pass both"),
        ({"classes": np.zeros((8, 2), "int32")}, "batch, objects"),
        ({"masks": np.zeros((8, 15, 21), "uint8")}, "the images' own"),
        ({"masks": np.zeros((8, 15, 20, 1), "uint8")}, "the images' own"),
        ({"labels": np.zeros(8)}, "any of the keys"),
    ],
)
def test_errors_of_targets(images, targets, change, words):
    targets = {name: target for name, target in {**targets, **change}.items() if target is not None}
    with pytest.raises(ValueError, match=f"{words}.*Received"):
        SceneAugmenter(8)(images, targets, seed=SEED)


def test_other_errors(images, targets):
    augmenter = SceneAugmenter(8)
    with pytest.raises(ValueError, match=r"batch of images.*Received"):
        augmenter(images[0], targets)
    with pytest.raises(ValueError, match=r"dictionary.*Received: targets="):
        augmenter(images, targets["masks"])
    with pytest.raises(ValueError, match=r"two integers.*Received"):
        augmenter(images, targets, seed=3)
    with pytest.raises(ValueError, match=r"pass `ignore_class`.*Received"):
        SceneAugmenter(8, scale=(1.0, 2.0))(images, targets)
