"""Questions about generative AI."""
