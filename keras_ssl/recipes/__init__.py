"""The papers' settings, one YAML a method, and how they follow from images and from the time there is."""

from keras_ssl.recipes.facts import Facts
from keras_ssl.recipes.load import load, names
from keras_ssl.recipes.plan import Decision
from keras_ssl.recipes.recipe import Recipe

__all__ = ["Decision", "Facts", "Recipe", "load", "names"]
