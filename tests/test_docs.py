"""README, docs/ and CONTRIBUTING name only files, modules, methods and commands that exist."""

import ast
import importlib
import re
from pathlib import Path

import pytest

import keras_ssl
from keras_ssl import recipes

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.joinpath("docs").glob("*.md"))]
METHODS = ROOT / "docs" / "methods.md"

every_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)


def anchors(text):
    """The anchors that GitHub gives to the headings of a page."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def resolve(dotted):
    """The object of a dotted name; submodules are imported."""
    found, *names = importlib.import_module("keras_ssl"), *dotted.split(".")[1:]
    for depth, name in enumerate(names, start=1):
        if not hasattr(found, name):
            importlib.import_module(".".join(["keras_ssl", *names[:depth]]))
        found = getattr(found, name)
    return found


@every_page
def test_relative_links_lead_somewhere(path):
    for link in re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


def test_every_page_is_linked_from_the_index():
    links = re.findall(r"\]\(([^)]+)\)", ROOT.joinpath("docs", "index.md").read_text(encoding="utf-8"))
    assert {path.name for path in ROOT.joinpath("docs").glob("*.md")} <= {*links, "index.md"}


@every_page
def test_names_of_the_package_exist(path):
    text = path.read_text(encoding="utf-8")
    for dotted in set(re.findall(r"\bkeras_ssl(?:\.[A-Za-z_]\w*)+", text)):
        assert resolve(dotted) is not None


@every_page
def test_python_blocks_are_python(path):
    for block in re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        ast.parse(block)


@every_page
def test_benchmarks_and_files_of_the_package_exist(path):
    text = path.read_text(encoding="utf-8")
    for name in re.findall(r"\bbenchmarks\.([a-z_]+)", text):
        assert (ROOT / "benchmarks" / f"{name}.py").exists(), name
    for name in re.findall(r"`((?:keras_ssl|tests|benchmarks|docs)/[\w./]*)`", text):
        assert "my_" in name or (ROOT / name).exists(), name  # my_method.py is the reader's


def test_every_method_has_a_row_in_the_table():
    rows = re.findall(r"^\| `(\w+)` \|", METHODS.read_text(encoding="utf-8"), re.MULTILINE)
    methods = {recipes.load(name).settings["method"] for name in recipes.names()}
    assert sorted(rows) == sorted(methods)
    assert methods == set(keras_ssl.methods.__all__) - {"SelfSupervisedModel"}


def test_the_api_page_names_what_its_modules_have():
    rows = re.findall(
        r"^\| `(keras_ssl\.\w+)` \| (.*) \|$", (ROOT / "docs" / "api.md").read_text("utf-8"), re.MULTILINE
    )
    assert {module.split(".")[1] for module, _ in rows} >= set(keras_ssl.ROOMS) - {"pretext"}
    for module, words in rows:
        for name in re.findall(r"`(\w+)[`(]", words):
            assert hasattr(resolve(module), name) or hasattr(keras_ssl, name), f"{module}.{name}"
