"""The words every other part of Castalia is written in. Imports nothing of ours."""
