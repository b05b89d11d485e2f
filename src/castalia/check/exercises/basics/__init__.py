"""Write five functions and a class in NumPy, step by step."""
