"""Questions about orientation."""
