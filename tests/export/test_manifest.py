import datetime
import json

import keras
import pytest

from keras_ssl import export


def test_the_manifest_says_what_this_is(exported):
    manifest = json.loads((exported.version / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["method"] == "simclr"
    assert manifest["data"] == "pets"
    assert manifest["metadata"] == {"epochs": 3}
    pixels = manifest["pixels"]
    assert (pixels["height"], pixels["width"], pixels["channels"]) == (16, 16, 3)
    assert pixels["range"] == [0, 255] and pixels["resize"] == "stretch" and pixels["max_pixels"] == 50_000_000
    assert manifest["signatures"]["serve_bytes"] == {"image_bytes": {"dtype": "string", "shape": [None]}}
    assert manifest["outputs"]["embedding"] == {"dtype": "float32", "shape": [None, 8]}
    assert manifest["class_names"] == exported.class_names
    assert manifest["versions"]["keras"] == keras.__version__
    created = datetime.datetime.fromisoformat(manifest["created"])
    assert created.utcoffset() == datetime.timedelta(0)
    assert abs(datetime.datetime.now(datetime.UTC) - created) < datetime.timedelta(hours=1)


def test_every_file_has_its_checksum(exported):
    files = {file.relative_to(exported.version).as_posix() for file in exported.version.rglob("*") if file.is_file()}
    manifest = export.verify(exported.path)
    assert set(manifest["files"]) == files - {"manifest.json"}
    assert {"saved_model.pb", "encoder.keras", "classifier.keras"} <= files


def test_a_whole_copy_passes(exported_copy):
    assert export.verify(exported_copy) == export.verify(exported_copy.parent)


def flip_a_bit(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def cut_short(file):
    file.write_bytes(file.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("damage", "name", "problem"),
    [
        (flip_a_bit, "variables/variables.data-00000-of-00001", "has another checksum"),
        (cut_short, "encoder.keras", r"has \d+ bytes instead of \d+"),
        (lambda file: file.unlink(), "variables/variables.index", "is missing"),
    ],
)
def test_damage_is_named(exported_copy, damage, name, problem):
    damage(exported_copy / name)
    with pytest.raises(ValueError, match=f"{name} {problem}"):
        export.load(exported_copy)


@pytest.mark.parametrize("content", [None, "", '{"files": ', "[]", "{}"])
def test_no_readable_manifest(exported_copy, content):
    (exported_copy / "manifest.json").unlink()
    if content is not None:
        (exported_copy / "manifest.json").write_text(content)
    with pytest.raises(ValueError, match=r"no readable manifest\.json"):
        export.verify(exported_copy)
