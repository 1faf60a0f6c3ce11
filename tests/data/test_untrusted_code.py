import json

import pytest

from keras_ssl.data import describe, load
from keras_ssl.data.untrusted_code import refuse_untrusted_code

IMAGE = {"pythonClassName": "tensorflow_datasets.core.features.image_feature.Image"}


@pytest.fixture
def foreign(tmp_path, monkeypatch):
    """A function that writes a data set with such features, and one that tells whether their module was imported."""
    (tmp_path / "their_module.py").write_text("import pathlib\npathlib.Path(__file__).with_name('ran').touch()\n")
    monkeypatch.syspath_prepend(tmp_path)

    def write(features, file="features.json"):
        folder = tmp_path / "tfds" / "their_images" / "1.0.0"
        folder.mkdir(parents=True)
        info = {"name": "their_images", "version": "1.0.0", "fileFormat": "tfrecord"}
        contents = {"dataset_info.json": info, "features.json": IMAGE}
        contents[file] = info | {"features": features} if file == "dataset_info.json" else features
        for name, content in contents.items():
            (folder / name).write_text(json.dumps(content))
        return str(tmp_path / "tfds")

    return write, (tmp_path / "ran").exists


THEIRS = {"pythonClassName": "their_module.Feature"}


@pytest.mark.parametrize(
    "features, file",
    [
        (THEIRS, "features.json"),
        ({"pythonClassName": IMAGE["pythonClassName"], "featuresDict": {"features": {"x": THEIRS}}}, "features.json"),
        ({"type": "their_module.Feature", "content": {}}, "features.json"),
        ({**IMAGE, "jsonFeature": {"json": json.dumps({"type": "their_module.Feature"})}}, "features.json"),
        ({"python_class_name": "their_module.Feature"}, "dataset_info.json"),
    ],
)
@pytest.mark.parametrize("call", [load, describe])
def test_a_prepared_data_set_imports_no_module_of_its_own(features, file, call, foreign):
    write, has_run = foreign
    data_dir = write(features, file)
    with pytest.raises(ValueError, match=f"Received: .*{file}, which names their_module.Feature"):
        call("their_images", data_dir=data_dir)
    assert not has_run()


def test_modules_that_the_caller_imported_are_taken(foreign):
    write, _ = foreign
    refuse_untrusted_code("their_images", write({"pythonClassName": "json.decoder.Feature"}))


def test_community_data_sets_are_refused():
    with pytest.raises(ValueError, match="run code of others.*name='huggingface:mnist'"):
        load("huggingface:mnist")
    refuse_untrusted_code("mnist:3.0.1", None)
    refuse_untrusted_code("mnist:*.*.*", None)
