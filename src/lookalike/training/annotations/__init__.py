"""Annotated pictures: read from one format, written in another, through one form between them.

A format's module says how its files are read and written; `shapes` is the form between them, `contours` turns
masks into polygons and back, `labels` renames, `converting` drives.
"""
