import tempfile,subprocess,sys
from pathlib import Path
from web_process import Workbench
with Workbench(Path(tempfile.mkdtemp())) as b:
    print(subprocess.run(["/tmp/scratch-clients/m2/bin/python","/tmp/scratch-clients/skinny.py",b.root],capture_output=True,text=True,timeout=120,env={"PATH":"/usr/bin"}))
