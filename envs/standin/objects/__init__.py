"""Generators of object models and the catalogue that names them."""
