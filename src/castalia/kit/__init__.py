"""The utilities library of the projects. Today: ``stats``, intervals and paired tests."""
