"""The papers' settings, one YAML per method, and the rules that adapt them to the images and the budget."""

from keras_ssl.recipes.facts import Facts
from keras_ssl.recipes.load import load, names
from keras_ssl.recipes.plan import Decision
from keras_ssl.recipes.recipe import Recipe

__all__ = ["Decision", "Facts", "Recipe", "load", "names"]
