"""Models as they come to be: a version as castalia.fit leaves it, one as MLflow's client registers it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from castalia.track import Store
from castalia.track.protocol import registered, versions
from castalia.track.protocol.wire import Fields

DATA = "ab" * 32
SETS = [
    {"field": "data", "name": "telco", "version": 1, "digest": DATA, "licence": "sample", "research_only": False},
    {"field": "scans", "name": "medmnist", "version": 1, "digest": "cd" * 32, "licence": "NC", "research_only": True},
]


def trained(store: Store, params: dict[str, Any], metrics: dict[str, float], content: str, data: Any = SETS) -> int:
    """A version as ``castalia.fit`` leaves it: its folder with a manifest, its run."""
    tags = {"castalia.git.commit": "0123456789abcdef", "castalia.git.branch": "main", "castalia.git.dirty": "true",
            "castalia.data.data": f"telco@1 sha256:{DATA}"}  # fmt: skip
    run = store.create_run("churn", "fit", params, tags, system="churn")

    def put(number: int) -> Path:
        folder = store.home / "models" / "churn" / str(number)
        folder.mkdir(parents=True)
        (folder / "model.txt").write_text(content)
        told = {"model.txt": {"sha256": hashlib.sha256(content.encode()).hexdigest(), "bytes": len(content)}}
        said = {"code": "ef" * 32, "data": data, "params": params, "files": told, "libraries": {"python": "3.11"}}
        (folder / "manifest.json").write_text(json.dumps(said))
        return folder

    return store.add_version("churn", "churn", run, put, metrics, "12" * 32)


def logged(store: Store, name: str = "sales", **more: Any) -> str:
    """A version as MLflow's client leaves it; the id of its run."""
    run = store.create_run("sales", "train", {"horizon": 7}, {"mlflow.source.git.commit": "c0ffee1234"})
    store.log_metrics(run, [("rmse", 0, 1, 3.0), ("rmse", 1, 2, 2.0), ("system/cpu", 0, 1, 9.0)])
    registered_already = any(one["name"] == name for one in store.models())
    if not registered_already:
        registered.create(store, Fields({"name": name}))
    store.add_artifact(run, "model/MLmodel", b"flavors: {}\n")
    versions.create(store, Fields({"name": name, "source": f"runs:/{run}/model", "run_id": run, **more}))
    return run
