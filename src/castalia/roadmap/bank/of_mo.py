"""Questions about MLOps."""
