"""Project 1.3: an experiment tracker. The package that it is about is castalia.track; here are lesson and contract."""
