"""Questions about advanced deep learning."""
