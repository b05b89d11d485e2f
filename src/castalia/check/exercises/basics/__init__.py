"""A small function library: plain functions and one class with state."""
