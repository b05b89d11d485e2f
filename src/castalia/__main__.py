"""``python -m castalia`` is ``castalia``."""

import sys

from castalia.cli import main

if __name__ == "__main__":
    sys.exit(main())
