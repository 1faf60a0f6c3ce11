"""Loads the classes that saved models need, once Keras is there.

Keras finds the classes of a saved model in a registry that their modules write to when they are imported. `import
keras_ssl` imports no module, so that it is quick. But a program that imports keras_ssl, then keras, and loads a model
must find the classes. So the import of Keras, whoever asks for it, is followed by that of the modules that register.
"""

import ast
import importlib
import importlib.abc
import importlib.util
import sys
import threading
from pathlib import Path

#: The packages of keras_ssl that register classes with `keras.saving`.
REGISTERING = ("augment", "layers", "methods", "optimizers", "tasks", "transfer")
# Keras, and the libraries of ours that import it: while one of them is half imported, so may Keras be.
_LIBRARIES = ("keras", "keras_cv", "tensorflow")


def method_names():
    """The names of the methods, read from the imports of `methods/__init__.py`: to run them imports TensorFlow."""
    source = Path(__file__).with_name("methods").joinpath("__init__.py").read_text(encoding="utf-8")
    imports = (node for node in ast.parse(source).body if isinstance(node, ast.ImportFrom))
    return sorted(name.name for node in imports for name in node.names)


def load_registering():
    """Imports the packages that register, if Keras is imported.

    Raises:
        ImportError: where Keras runs on another backend than TensorFlow.
    """
    if "keras" in sys.modules:
        check_backend(sys.modules["keras"].backend.backend())
        for name in REGISTERING:
            importlib.import_module(f"keras_ssl.{name}")


def check_backend(name):
    """Raises an ImportError unless the backend is TensorFlow."""
    if name != "tensorflow":
        raise ImportError(
            "keras_ssl trains with tf.data, tf.distribute and SavedModel, so Keras must run on TensorFlow: set "
            f"KERAS_BACKEND=tensorflow before the first import of keras. Received: KERAS_BACKEND={name}"
        )


class RegisterAfterImport(importlib.abc.MetaPathFinder):
    """Calls `load_registering` after the outermost import of Keras or of a module of keras_ssl.

    After the outermost, because a module that is half imported cannot be imported from. When Keras is there it has
    done its work and takes itself off `sys.meta_path`.
    """

    def __init__(self):
        self._thread = threading.local()

    def find_spec(self, fullname, path=None, target=None):
        """The spec that the other finders have, with a loader that counts how deep imports are nested."""
        if fullname not in _LIBRARIES and not fullname.startswith("keras_ssl."):
            return None
        for finder in [finder for finder in sys.meta_path if finder is not self]:
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _CountingLoader(spec.loader, self)
                return spec
        return None

    def run(self, load, module):
        """Executes a module by its own loader, and registers if no other import waits for this one."""
        self._thread.depth = getattr(self._thread, "depth", 0) + 1
        try:
            load(module)
        finally:
            self._thread.depth -= 1
        if not self._thread.depth and "keras" in sys.modules and self in sys.meta_path:
            sys.meta_path.remove(self)
            load_registering()


class _CountingLoader(importlib.abc.Loader):
    def __init__(self, loader, finder):
        self._loader = loader
        self._finder = finder

    def __getattr__(self, name):
        return getattr(self._loader, name)  # get_code, by which `python -m` runs a module

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        # The module keeps its own loader: inspect and importlib.resources ask it for sources and files.
        module.__loader__ = module.__spec__.loader = self._loader
        self._finder.run(self._loader.exec_module, module)
