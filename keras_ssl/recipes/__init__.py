from keras_ssl.recipes.recipe import Recipe, load, names

__all__ = ["Recipe", "load", "names"]
