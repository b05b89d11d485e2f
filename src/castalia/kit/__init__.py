"""The library under every project, which people can use without the rest; an index is in docs/kit.md.

``metrics``, ``tabular`` (with ``leaks``), ``text``, ``images``, ``training``, ``optim``, ``plots``, ``trees``,
``stats``, ``special``, ``timing``. Importing one imports that module and NumPy; heavier libraries are imported on use.
"""
