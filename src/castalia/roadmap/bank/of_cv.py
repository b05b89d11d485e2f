"""Questions about computer vision."""
