"""Questions about language."""
