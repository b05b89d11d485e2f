"""``python -m`` the package: its server."""

import sys

from . import main

main(sys.argv[1:])
