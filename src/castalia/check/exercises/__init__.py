"""Small contracts that are no project: the first one takes two minutes. One folder each."""
