"""Questions about databases."""
