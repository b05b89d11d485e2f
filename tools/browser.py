#!/usr/bin/env python3
"""See that a Chromium is there for the browser tests.

With CI=true and as root it installs Debian's; on a person's machine it installs nothing and says the line to type
(the browser tests then skip). With CI=true a missing browser is a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGE = "apt-get install -y --no-install-recommends chromium"


def found() -> bool:
    return any(shutil.which(name) for name in NAMES)


def main() -> int:
    if found():
        return 0
    ci = os.environ.get("CI", "").lower() in ("1", "true")
    apt = shutil.which("apt-get")
    if ci and apt and os.geteuid() == 0:
        print("installing Debian's chromium for the browser tests …", flush=True)
        env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        for line in ("apt-get update", PACKAGE):
            done = subprocess.run(line.split(), env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if done.returncode:
                print(f"error: `{line}` failed ({done.returncode}):\n{done.stdout[-3000:]}", file=sys.stderr)
                return 1
        return 0 if found() else 1
    sudo = "" if os.geteuid() == 0 else "sudo "
    cure = f"{sudo}{PACKAGE}" if apt else "install Chromium and put `chromium` on PATH"
    print(
        f"no Chromium here: the browser tests {'cannot run' if ci else 'are skipped'}. To run them:  {cure}", flush=True
    )
    return 1 if ci else 0


if __name__ == "__main__":
    sys.exit(main())
