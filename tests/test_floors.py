"""The rooms of the package stand on floors: each imports only what is below it, so that there are no circles."""

import ast
from pathlib import Path

import pytest

import keras_ssl

PACKAGE = Path(keras_ssl.__file__).parent
FLOORS = (
    "cpu registration own_loss_model did_you_mean files progress",
    "checks distribute",
    "data losses optimizers augment",
    "layers",
    "heads",
    "backbones",
    "tasks",
    "methods",
    "export",
    "evaluate",
    "transfer",
    "plots",
    "callbacks",
    "recipes",
    "runs",
    "cli",
)
ORDER = [room for floor in FLOORS for room in floor.split()]
FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "keras_ssl":
            yield from (name.name for name in node.names if name.name in ORDER)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("keras_ssl."):
            yield node.module.split(".")[1]


def test_every_room_has_its_floor():
    assert {room(path) for path in FILES} == set(ORDER)


@pytest.mark.parametrize("name", ORDER)
def test_a_room_imports_only_rooms_below_it(name):
    for path in FILES:
        if room(path) == name:
            above = {other for other in imported_rooms(path) if ORDER.index(other) > ORDER.index(name)}
            assert not above, path
