"""Questions about Python."""
