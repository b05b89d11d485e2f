"""Notices: what a person wants to be told of runs, when, and where."""
