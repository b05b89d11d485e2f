"""Questions about tools and engineering."""
