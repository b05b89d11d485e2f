"""Questions about research."""
