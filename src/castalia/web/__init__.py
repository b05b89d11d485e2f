"""The workbench's web server: composes the HTTP routers, lets in who may ask, serves the pages.

``castalia.web.server.serve`` starts it; ``castalia.web.app.create_app`` is the application itself.
Importing this package is free: FastAPI comes with those two.
"""
