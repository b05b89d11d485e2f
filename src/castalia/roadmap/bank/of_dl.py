"""Questions about deep learning."""
