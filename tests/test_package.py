"""`import keras_ssl`: what it loads, what it sets, and that saved models are found. Each in a process of its own."""

import ast
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import keras_ssl
from keras_ssl import registration

ROOT = Path(keras_ssl.__file__).parents[1]
HEAVY = ("tensorflow", "tensorflow_datasets", "keras", "keras_cv", "sklearn", "matplotlib", "numpy")


def python(*words, **variables):
    """Runs Python in a new process; a variable that is None is not set there."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT), **variables}
    environment = {key: value for key, value in environment.items() if value is not None}
    return subprocess.run([sys.executable, *words], env=environment, capture_output=True, text=True, timeout=300)


def printed(code, **variables):
    result = python("-c", code, **variables)
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


def test_the_import_loads_nothing_heavy():
    assert printed(f"import sys, keras_ssl; print(*(set({HEAVY}) & set(sys.modules)))") == []


@pytest.mark.parametrize("words", [["--help"], ["pretrain", "--help"], ["evaluate", "-h"], ["--version"]])
def test_help_is_quick_and_loads_nothing_heavy(words):
    code = f"import sys, atexit; atexit.register(lambda: print('heavy:', *(set({HEAVY}) & set(sys.modules)))); "
    code += "from keras_ssl.cli import main; main()"
    start = time.perf_counter()
    result = python("-c", code, *words)
    seconds = time.perf_counter() - start
    assert result.returncode == 0 and result.stdout.rstrip().endswith("heavy:")
    assert seconds < 2  # 0.2 by itself, where TensorFlow alone takes 3


def test_names_come_when_they_are_asked_for():
    assert set(keras_ssl.__all__) <= set(dir(keras_ssl))
    for name in keras_ssl.__all__:
        assert getattr(keras_ssl, name) is not None
    assert keras_ssl.SimCLR is keras_ssl.methods.SimCLR
    with pytest.raises(AttributeError, match="no attribute 'SimCLRR'"):
        keras_ssl.SimCLRR  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'nothing'"):
        from keras_ssl import nothing  # noqa: F401


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    model = keras_ssl.SimCLR(keras_ssl.backbones.resnet18((8, 8, 1), width=2), augmenter=keras_ssl.augment.crops(8))
    model.compile(keras_ssl.optimizers.LARS(0.1))
    model.save(path)
    return path


@pytest.mark.parametrize(
    "imports",
    [
        "import keras_ssl, keras",
        "import keras, keras_ssl",
        "import keras_ssl, tensorflow, keras",
        "import keras_ssl, keras_cv, keras",
        "import keras_ssl.data, keras",
        "from keras_ssl.losses.nt_xent import nt_xent; import keras",
        "from keras_ssl.layers.blocks import *; import keras",
    ],
)
def test_a_saved_model_is_found_whatever_was_imported_first(imports, saved):
    assert printed(f"{imports}; print(type(keras.saving.load_model({str(saved)!r})).__name__)") == ["SimCLR"]


def test_all_registered_classes_are_there_once_keras_is():
    decorated = re.compile(r"^@keras\.saving\.register_keras_serializable\(", re.MULTILINE)
    package = ROOT / "keras_ssl"
    files = [path for path in package.rglob("*.py") if decorated.search(path.read_text(encoding="utf-8"))]
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files}
    assert len(names) > 30
    loaded = printed("import keras_ssl, keras, sys; print(*(name for name in sys.modules if 'keras_ssl' in name))")
    assert names <= set(loaded)


def test_modules_keep_their_own_loader():
    code = "import keras_ssl, inspect, keras, pickle; from keras_ssl import SimCLR; "
    code += "assert pickle.loads(pickle.dumps(SimCLR)) is SimCLR; "
    code += "print(type(keras.__spec__.loader).__name__, inspect.getsource(SimCLR).split()[0])"
    assert printed(code)[0] == "SourceFileLoader"


ONEDNN = (
    "import {}logging; logging.basicConfig(level='INFO', format='%(message)s'); before = 'TF_ENABLE_ONEDNN_OPTS'; "
)
ONEDNN += "import os, keras_ssl; print(os.environ.get(before))"


@pytest.mark.skipif(
    hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) < 2, reason="one core: oneDNN is left alone"
)
def test_onednn_is_turned_on_and_the_log_says_so():
    result = python("-c", ONEDNN.format(""), TF_ENABLE_ONEDNN_OPTS=None, TF_NUM_INTRAOP_THREADS=None)
    assert result.stdout.split() == ["1"]
    assert result.stderr.count("TF_ENABLE_ONEDNN_OPTS=1") == 1


@pytest.mark.parametrize(
    "first, setting, threads, expected",
    [("", "0", None, "0"), ("", None, "1", "None"), ("tensorflow, ", None, None, "None")],
)
def test_onednn_is_left_alone(first, setting, threads, expected):
    result = python("-c", ONEDNN.format(first), TF_ENABLE_ONEDNN_OPTS=setting, TF_NUM_INTRAOP_THREADS=threads)
    assert result.stdout.split() == [expected] and "Set TF_ENABLE_ONEDNN_OPTS" not in result.stderr


@pytest.mark.parametrize("code", ["import keras_ssl", "from keras_ssl import SimCLR", "import keras_ssl.data"])
def test_another_backend_is_one_clear_error(code):
    last = python("-c", code, KERAS_BACKEND="jax").stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: keras_ssl trains with") and last.endswith("Received: KERAS_BACKEND=jax")


def test_another_backend_of_a_keras_that_is_there_is_seen(monkeypatch):
    monkeypatch.setattr("keras.backend.backend", lambda: "jax")
    with pytest.raises(ImportError, match="Received: KERAS_BACKEND=jax"):
        registration.load_registering()


def test_constraints_pin_what_the_package_and_its_extras_need():
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    lines = [line.split("#")[0].strip() for line in (ROOT / "constraints.txt").read_text().splitlines()]
    pinned = {canonicalize_name(name): version for name, version in (line.split("==") for line in lines if line)}
    required = (line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines())
    extras = re.findall(r'^ +"([\w-]+>=[^"]+)",', (ROOT / "setup.py").read_text(), re.MULTILINE)
    assert extras
    for requirement in map(Requirement, [*filter(None, required), *extras]):
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), requirement


def test_type_checkers_are_told_of_every_room():
    tree = ast.parse(Path(keras_ssl.__file__).read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "keras_ssl"]
    assert sorted(name.name for node in imports for name in node.names) == sorted(keras_ssl.ROOMS)
    assert Path(keras_ssl.__file__).with_name("py.typed").exists()
