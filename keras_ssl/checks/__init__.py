"""Checks of arguments, images and networks, with the error messages."""
