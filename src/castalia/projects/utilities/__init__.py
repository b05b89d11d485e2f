"""Project 1.1: a library of small things that every later project stands on."""
