"""The projects: one folder each, found by their path; a folder here is the whole registration."""
