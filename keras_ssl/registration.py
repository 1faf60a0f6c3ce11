"""Register the classes that saved models need as soon as Keras is imported.

Keras finds the classes of a saved model in a registry, which their modules fill when they are imported. To be fast,
`import keras_ssl` imports none of these modules. But a program that imports keras_ssl, then keras, and loads a model
must find the classes. So the first import of Keras is followed by an import of the modules that register classes.
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
# Keras and the libraries that import it: until their import has finished, Keras may be only partly imported.
_LIBRARIES = ("keras", "keras_cv", "tensorflow")


def method_names() -> list[str]:
    """Names of the methods, parsed from `methods/__init__.py`, because importing it would import TensorFlow."""
    source = Path(__file__).with_name("methods").joinpath("__init__.py").read_text(encoding="utf-8")
    imports = (node for node in ast.parse(source).body if isinstance(node, ast.ImportFrom))
    return sorted(name.name for node in imports for name in node.names)


def load_registering() -> None:
    """Import the packages that register classes, if Keras is imported.

    Raises:
        ImportError: If the backend of Keras is not TensorFlow.
    """
    if "keras" in sys.modules:
        check_backend(sys.modules["keras"].backend.backend())
        for name in REGISTERING:
            importlib.import_module(f"keras_ssl.{name}")


def check_backend(name: str) -> None:
    """Raise an ImportError unless the backend is TensorFlow."""
    if name != "tensorflow":
        raise ImportError(
            "keras_ssl trains with tf.data, tf.distribute and SavedModel, so Keras must run on TensorFlow: set "
            f"KERAS_BACKEND=tensorflow before the first import of keras. Received: KERAS_BACKEND={name}"
        )


class RegisterAfterImport(importlib.abc.MetaPathFinder):
    """Call `load_registering` after the outermost import of Keras or of a module of keras_ssl.

    It waits for the outermost import because names cannot be imported from a partly imported module. Once Keras is
    imported, the finder removes itself from `sys.meta_path`.
    """

    def __init__(self):
        self._thread = threading.local()

    def find_spec(self, fullname, path=None, target=None):
        """Get the other finders' spec, with a loader that counts how deeply imports are nested."""
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
        """Execute a module with its own loader; register classes if this is the outermost import."""
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
