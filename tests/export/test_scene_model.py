"""Exported detectors and segmenters answer as `predict` does, to arrays and to files."""

import io
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_ssl import backbones, export, transfer
from keras_ssl.data.decode import decode_and_resize
from keras_ssl.export.answers import without_bars

SIZE = (32, 48)
CLASSES = ["Katze", "Hündin", "bird"]


def encoder(channels=3):
    return backbones.small_cnn((16, 16, channels), filters=(4, 8, 8, 8))


def detector(channels=3, **kwargs):
    settings = {"width": 16, "depth": 1, "max_detections": 12, "score_threshold": 0.0, **kwargs}
    model = transfer.Detector(encoder(channels), CLASSES, **settings)
    # A new head gives all places the same box and score. The order of the detections must mean something.
    rng = np.random.default_rng(4)
    for variable in model.trainable_variables:
        variable.assign_add(rng.normal(0, 0.05, variable.shape))
    return model


def segmenter(channels=3, **kwargs):
    return transfer.Segmenter(encoder(channels), CLASSES, width=4, **kwargs)


BUILD = {"detector": detector, "segmenter": segmenter}


def predicted(model, images):
    found = model.predict(images, verbose=0)
    return found if isinstance(found, dict) else {"mask": found}


def assert_equal(answer, expected):
    for name, values in expected.items():
        assert answer[name].dtype == values.dtype
        np.testing.assert_array_equal(answer[name], values, err_msg=name)


@pytest.fixture(scope="module", params=BUILD)
def scene(request, tmp_path_factory):
    model = BUILD[request.param]()
    path = tmp_path_factory.mktemp("saved_models") / "pets"
    version = export.scene_model(model, path, image_size=SIZE, metadata={"data": "pets", "epochs": 3})
    images = np.random.default_rng(5).integers(0, 256, (3, *SIZE, 3)).astype("uint8")
    return SimpleNamespace(kind=request.param, model=model, version=version, served=export.load(path), images=images)


def test_arrays_give_what_predict_gives(scene):
    assert_equal(scene.served(scene.images), predicted(scene.model, scene.images))


def test_files_give_what_arrays_give(scene, files):
    resized = np.stack([decode_and_resize(file, SIZE) for file in files])
    answer = scene.served.from_bytes(files)
    assert_equal(answer, scene.served(resized))
    assert_equal(answer, predicted(scene.model, resized))


def test_the_keras_file_gives_what_predict_gives(scene):
    loaded = keras.saving.load_model(scene.version / f"{scene.kind}.keras")
    assert loaded.class_names == CLASSES
    assert_equal(predicted(loaded, scene.images), predicted(scene.model, scene.images))


def test_images_of_any_size(scene, rng):
    images = rng.integers(0, 256, (2, 21, 35, 3)).astype("uint8")
    assert_equal(scene.served(images), predicted(scene.model, images))


def test_an_empty_request_has_an_empty_answer(scene):
    for answer in (scene.served.from_bytes([]), scene.served(scene.images[:0])):
        assert all(len(values) == 0 for values in answer.values())


def test_one_bad_file_is_an_error_and_the_next_request_goes_on(scene, files, bomb):
    for bad in (b"no image", files[0][:100], bomb):
        with pytest.raises(tf.errors.InvalidArgumentError):
            scene.served.from_bytes([files[0], bad])
    assert all(len(values) == 1 for values in scene.served.from_bytes(files[:1]).values())


def test_the_manifest_says_what_this_is(scene):
    manifest = export.verify(scene.version)
    assert manifest["kind"] == scene.kind and manifest["data"] == "pets" and manifest["metadata"] == {"epochs": 3}
    assert manifest["class_names"] == CLASSES
    assert (manifest["pixels"]["height"], manifest["pixels"]["width"]) == SIZE
    assert manifest["signatures"]["serving_default"]["images"]["shape"] == [None, None, None, 3]
    assert f"{scene.kind}.keras" in manifest["files"] and "saved_model.pb" in manifest["files"]
    expected = {
        "detector": {
            "boxes": ("float32", [None, 12, 4]),
            "scores": ("float32", [None, 12]),
            "classes": ("int32", [None, 12]),
            "class_names": ("string", [None, 12]),
        },
        "segmenter": {"mask": ("uint8", [None, None, None])},
    }[scene.kind]
    assert {name: (spec["dtype"], spec["shape"]) for name, spec in manifest["outputs"].items()} == expected
    assert type(scene.served).__name__ == f"Saved{scene.kind.capitalize()}"


def test_only_the_weights_in_use_are_served(scene):
    variables = tf.train.list_variables(str(scene.version / "variables" / "variables"))
    stored = [shape for name, shape in variables if name != "_CHECKPOINTABLE_OBJECT_GRAPH"]
    parts = [scene.model.pyramid] + (
        [scene.model.fpn, scene.model.head]
        if scene.kind == "detector"
        else [scene.model.decoder, scene.model.classifier]
    )
    in_use = [list(weight.shape) for part in parts for weight in part.weights]
    in_use += [list(scene.model.log_scales.shape)] if scene.kind == "detector" else []
    assert sorted(stored) == sorted(in_use)


def test_it_runs_in_cpp_without_python(scene, in_cpp):
    (answer,) = in_cpp(scene.version, [("serving_default", scene.images.astype("float32"))])
    assert answer["code"] == 0, answer["message"]
    for name, values in scene.served(scene.images).items():
        np.testing.assert_array_equal(answer["outputs"][name], values)


def test_the_warmup_requests_can_be_answered(scene):
    prediction_log_pb2 = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    model = tf.saved_model.load(str(scene.version))
    records = tf.data.TFRecordDataset(str(scene.version / "assets.extra" / "tf_serving_warmup_requests"))
    requests = [prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request for record in records]
    assert [request.model_spec.signature_name for request in requests] == ["serving_default", "serve_bytes"]
    gray = predicted(scene.model, np.full((1, *SIZE, 3), 127, "uint8"))
    for request in requests:
        inputs = {name: tf.constant(tf.make_ndarray(proto)) for name, proto in request.inputs.items()}
        answer = model.signatures[request.model_spec.signature_name](**inputs)
        assert_equal({name: answer[name].numpy() for name in gray}, gray)


def test_rows_without_a_detection_have_no_name(tmp_path, rng):
    model = detector()
    images = rng.integers(0, 256, (2, *SIZE, 3)).astype("uint8")
    # Between the scores of the detections: some remain.
    model.score_threshold = float(np.median(model(images)["scores"]))
    answer = export.load(export.scene_model(model, tmp_path, image_size=SIZE))(images)
    assert_equal(answer, model.predict(images, verbose=0))
    assert 0 < (answer["classes"] == -1).sum() < answer["classes"].size
    names = np.array([*CLASSES, ""])  # -1 is the last
    np.testing.assert_array_equal(answer["class_names"], names[answer["classes"]])


def test_padding_is_undone(tmp_path, rng):
    model = detector(1)
    served = export.load(export.scene_model(model, tmp_path, image_size=SIZE, resize="pad"))
    for shape in ((60, 40), (20, 90), (64, 96)):
        file = tf.io.encode_png(rng.integers(0, 256, (*shape, 1), "uint8")).numpy()
        padded = decode_and_resize(file, SIZE, channels=1, resize="pad").numpy()
        found = {name: values[0] for name, values in model.predict(padded[None], verbose=0).items()}
        # By the definition: the image keeps its aspect ratio, is as large as fits, and lies in the middle.
        scale = min(SIZE[0] / shape[0], SIZE[1] / shape[1])
        bars = [(side - scale * own) / 2 for side, own in zip(SIZE, shape, strict=True)]
        expected = []
        for top, left, bottom, right in found["boxes"] * np.tile(SIZE, 2):
            box = [top - bars[0], left - bars[1], bottom - bars[0], right - bars[1]]
            box = np.clip(np.array(box) / scale / np.tile(shape, 2), 0, 1)
            expected.append(box)
        kept = [number for number, box in enumerate(expected) if box[2] > box[0] and box[3] > box[1]]
        answer = {name: values[0] for name, values in served.from_bytes([file]).items()}
        count = len(kept)
        assert count > 0
        np.testing.assert_allclose(answer["boxes"][:count], np.array(expected)[kept], atol=1e-5)
        np.testing.assert_array_equal(answer["scores"][:count], found["scores"][kept])
        np.testing.assert_array_equal(answer["classes"][:count], found["classes"][kept])
        assert (answer["boxes"][count:] == -1).all() and (answer["scores"][count:] == 0).all()
        assert (answer["class_names"][count:] == "").all()


def test_a_detection_in_the_bars_alone_is_left_out():
    # 10 × 10 pixels in the middle of 10 × 30: bars from 0 to 1/3, and from 2/3 on.
    found = {
        "boxes": tf.constant([[[0, 0, 1, 0.3], [0, 0.5, 0.5, 1], [0.1, 1 / 3, 1, 2 / 3], [-1.0] * 4]]),
        "scores": tf.constant([[0.9, 0.8, 0.7, 0.0]]),
        "classes": tf.constant([[2, 1, 0, -1]]),
        "class_names": tf.constant([["c", "b", "a", ""]]),
    }
    moved = without_bars(found, tf.constant([[20, 20]]), (10, 30))
    np.testing.assert_allclose(moved["boxes"][0], [[0, 0.5, 0.5, 1], [0.1, 0, 1, 1], [-1] * 4, [-1] * 4], atol=1e-6)
    np.testing.assert_array_equal(moved["scores"][0], np.float32([0.8, 0.7, 0, 0]))
    assert moved["classes"].numpy().tolist() == [[1, 0, -1, -1]]
    assert moved["class_names"].numpy().tolist() == [[b"b", b"a", b"", b""]]


def lying_and_upright(rng):
    """A file of an image on its side, whose EXIF says so, and the upright image."""
    upright = rng.integers(0, 256, (48, 30, 3), "uint8")
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6  # stored a quarter turn against the clock
    Image.fromarray(np.rot90(upright)).save(file, "PNG", exif=exif)
    return file.getvalue(), upright


def test_boxes_and_masks_are_those_of_the_upright_image(scene, rng):
    file, upright = lying_and_upright(rng)
    turned = scene.served.from_bytes([file])
    assert_equal(turned, scene.served.from_bytes([tf.io.encode_png(upright).numpy()]))


def test_a_segmenter_may_crop_files_and_ignore_exif(tmp_path, files, rng):
    model = segmenter(ignore_class=1)
    version = export.scene_model(model, tmp_path, image_size=SIZE, resize="crop", orientation="ignore")
    lying, upright = lying_and_upright(rng)
    same = [*files, tf.io.encode_png(np.rot90(upright)).numpy()]
    resized = np.stack([decode_and_resize(file, SIZE, resize="crop") for file in same])
    mask = export.load(version).from_bytes([*files, lying])["mask"]
    np.testing.assert_array_equal(mask, model.predict(resized, verbose=0))
    manifest = export.verify(version)
    assert manifest["ignore_class"] == 1 and not (mask == 1).any()
    assert manifest["pixels"]["resize"] == "crop" and manifest["pixels"]["exif_orientation"] == "ignored"


def test_a_vision_transformer_takes_its_own_size(tmp_path, rng):
    vit = backbones.vit((24, 32, 3), patch_size=8, width=16, depth=1, heads=2)
    model = transfer.Segmenter(vit, CLASSES, width=4)
    served = export.load(export.scene_model(model, tmp_path))
    images = rng.integers(0, 256, (2, 24, 32, 3)).astype("uint8")
    assert_equal(served(images), predicted(model, images))
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected shape"):
        served(np.zeros((1, 32, 32, 3)))
    with pytest.raises(ValueError, match="segmenter's own"):
        export.scene_model(model, tmp_path, image_size=(32, 32))


@pytest.mark.parametrize("build", BUILD.values(), ids=BUILD)
def test_after_mixed_precision_it_is_served_in_float32(build, tmp_path, rng):
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = build(5)
    keras.config.set_dtype_policy("float32")
    twin = build(5)
    for weight, trained in zip(twin.weights, model.weights, strict=True):
        weight.assign(trained)
    images = rng.uniform(0, 255, (2, *SIZE, 5)).astype("float32")
    version = export.scene_model(model, tmp_path, image_size=SIZE)
    assert_equal(export.load(version)(images), predicted(twin, images))
    assert list(export.verify(version)["signatures"]) == ["serving_default"]  # files have no five channels


def refused(match, model, path, error=ValueError, **kwargs):
    with pytest.raises(error, match=match):
        export.scene_model(model, path, **{"image_size": SIZE, **kwargs})
    assert not path.exists() or list(path.iterdir()) == []


def test_mistakes_are_said_before_anything_is_written(tmp_path):
    path, model = tmp_path / "models", detector()
    refused("An encoder is exported by `export.saved_model`", model.encoder, path, TypeError)
    refused("must be a keras_ssl.transfer.Detector", "detector.keras", path, TypeError)
    refused(r"detector takes images of any size.*pass `image_size", model, path, image_size=None)
    refused("resize='crop'", model, path, resize="crop")
    refused("orientation='up'", model, path, orientation="up")
    refused("must be JSON", model, path, metadata={"loss": float("nan")})
    with pytest.raises(ValueError, match=r"`export\.scene_model` exports those"):
        export.saved_model(model, path)
    model.log_scales.assign(model.log_scales * np.nan)
    refused("not finite", model, path)
