"""Questions about computer science and first Python."""
