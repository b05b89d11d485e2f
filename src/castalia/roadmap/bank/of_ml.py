"""Questions about machine learning."""
