"""The questions on deep learning, vision, language, generation, operations and research."""
