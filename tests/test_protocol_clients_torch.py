"""Lightning's logger, mlflow's own hooks into torch, and the callback of transformers, against a workbench."""

# ruff: noqa: F811  fixtures

from __future__ import annotations

import logging

import pytest
from mlflow_bench import bench, client, names, points  # noqa: F401

mlflow = pytest.importorskip("mlflow")
torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.xdist_group("mlflow"),
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning", "ignore::DeprecationWarning"),
]
EPOCHS, ROWS, BATCH = 2, 32, 8
STEPS = EPOCHS * ROWS // BATCH


@pytest.fixture(scope="module")
def lightning():
    made = pytest.importorskip("lightning")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    return made


@pytest.fixture(scope="module")
def batches():
    from torch.utils.data import DataLoader, TensorDataset

    x = torch.randn(ROWS, 2, generator=torch.Generator().manual_seed(6))
    return DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), batch_size=BATCH)


@pytest.fixture
def line(lightning):
    """A model of one layer, as Lightning wants it."""

    class Line(lightning.LightningModule):
        def __init__(self, rate: float = 0.1) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.net = torch.nn.Linear(2, 1)

        def forward(self, x):
            return self.net(x)

        def training_step(self, batch, index):
            loss = torch.nn.functional.mse_loss(self.net(batch[0]), batch[1])
            self.log("train_loss", loss)
            return loss

        def validation_step(self, batch, index):
            self.log("val_loss", torch.nn.functional.mse_loss(self.net(batch[0]), batch[1]))

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=self.hparams.rate)

    return Line()


QUIET = {"accelerator": "cpu", "max_epochs": EPOCHS, "enable_progress_bar": False, "log_every_n_steps": 1}


def test_the_logger_of_lightning(client, bench, lightning, line, batches, tmp_path):
    from lightning.pytorch.callbacks import ModelCheckpoint
    from lightning.pytorch.loggers import MLFlowLogger

    logger = MLFlowLogger("lit", run_name="first", tracking_uri=bench.url, tags={"a": "b"}, log_model="all")
    every = ModelCheckpoint(dirpath=tmp_path / "kept", monitor="val_loss", save_top_k=-1)
    trainer = lightning.Trainer(logger=logger, callbacks=[every], enable_model_summary=False, **QUIET)
    trainer.fit(line, batches, batches)
    got = client.get_run(logger.run_id)
    assert (got.info.status, got.info.run_name, got.data.params) == ("FINISHED", "first", {"rate": "0.1"})
    assert got.data.tags["a"] == "b"
    assert [step for step, _ in points(client, logger.run_id, "train_loss")] == list(range(STEPS))
    assert got.data.metrics["val_loss"] == pytest.approx(trainer.callback_metrics["val_loss"].item())
    folders = names(client, logger.run_id)
    assert folders == {"epoch=0-step=4", "epoch=1-step=8"}
    kept = mlflow.artifacts.download_artifacts(
        f"runs:/{logger.run_id}/epoch=1-step=8/epoch=1-step=8.ckpt", dst_path=str(tmp_path / "back")
    )
    state = torch.load(kept, weights_only=True)["state_dict"]
    assert torch.equal(state["net.weight"], line.net.weight)


@pytest.mark.slow
def test_mlflow_watches_lightning(client, lightning, line, batches):
    mlflow.pytorch.autolog(log_models=False, checkpoint=False)
    try:
        with mlflow.start_run() as run:
            trainer = lightning.Trainer(logger=False, enable_checkpointing=False, **QUIET)
            trainer.fit(line, batches, batches)
    finally:
        mlflow.pytorch.autolog(disable=True)
    got = client.get_run(run.info.run_id)
    assert (got.data.params["optimizer_name"], got.data.params["lr"]) == ("SGD", "0.1")
    assert [step for step, _ in points(client, run.info.run_id, "val_loss")] == list(range(EPOCHS))
    assert got.data.metrics["val_loss"] == pytest.approx(trainer.callback_metrics["val_loss"].item())
    assert names(client, run.info.run_id) == {"model_summary.txt"}


@pytest.mark.slow
def test_mlflow_keeps_the_model_and_the_checkpoints_of_lightning(client, lightning, line, batches):
    mlflow.pytorch.autolog(checkpoint=True, checkpoint_monitor="val_loss", checkpoint_save_best_only=False)
    try:
        with mlflow.start_run() as run:
            lightning.Trainer(logger=False, enable_checkpointing=True, **QUIET).fit(line, batches, batches)
    finally:
        mlflow.pytorch.autolog(disable=True)
    got = client.get_run(run.info.run_id)
    (model,) = mlflow.search_logged_models(output_format="list")
    assert model.status.name == "READY" and model.source_run_id == run.info.run_id
    assert [each.model_id for each in got.outputs.model_outputs] == [model.model_id]
    assert {each.key for each in model.metrics} >= {"train_loss", "val_loss"}
    assert len(names(client, run.info.run_id, "checkpoints")) == EPOCHS
    last = mlflow.pytorch.load_checkpoint(type(line), run.info.run_id)
    assert torch.equal(last.net.weight, line.net.weight)


def test_models_of_several_steps_and_the_best_of_them(client):
    net = torch.nn.Linear(2, 1)
    x = torch.ones(3, 2)
    with mlflow.start_run() as run:
        for step in range(2):
            with torch.no_grad():
                net.weight += step
            info = mlflow.pytorch.log_model(
                net, name=f"at-{step}", step=step, pip_requirements=["torch"], input_example=x.numpy()
            )
            mlflow.log_metric("score", step, step=step, model_id=info.model_id)
    outputs = {each.model_id: each.step for each in client.get_run(run.info.run_id).outputs.model_outputs}
    best = mlflow.search_logged_models(
        filter_string="metrics.score >= 0", output_format="list",
        order_by=[{"field_name": "metrics.score", "ascending": False}],
    )  # fmt: skip
    assert [each.name for each in best] == ["at-1", "at-0"]
    assert outputs == {best[0].model_id: 1, best[1].model_id: 0}
    assert [(each.key, each.value) for each in best[0].metrics] == [("score", 1.0)]
    assert torch.equal(mlflow.pytorch.load_model(f"models:/{best[0].model_id}")(x), net(x))


def train_bert(folder: str) -> None:
    """Four steps of a tiny transformer, reported to mlflow."""
    from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

    tiny = BertConfig(vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
    rows = [{"input_ids": [1, 2, 3], "attention_mask": [1, 1, 1], "labels": i % 2} for i in range(8)]
    arguments = TrainingArguments(
        output_dir=folder, max_steps=4, logging_steps=1, save_steps=2, report_to=["mlflow"], run_name="bert",
        per_device_train_batch_size=2, use_cpu=True, disable_tqdm=True, seed=6,
    )  # fmt: skip
    Trainer(BertForSequenceClassification(tiny), arguments, train_dataset=rows).train()


def only_run(client):
    (run,) = client.search_runs([mlflow.get_experiment_by_name("hf").experiment_id], max_results=1)
    assert (run.info.status, run.info.run_name) == ("FINISHED", "bert")
    return run


def test_the_callback_of_transformers(client, tmp_path, monkeypatch):
    pytest.importorskip("accelerate", reason="the Trainer of transformers needs accelerate")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "hf")
    monkeypatch.setenv("MLFLOW_TAGS", '{"release": "1"}')
    train_bert(str(tmp_path / "out"))
    run = only_run(client)
    assert [step for step, _ in points(client, run.info.run_id, "loss")] == [1, 2, 3, 4]
    assert len(run.data.params) > 100 and run.data.params["hidden_size"] == "8"
    assert run.data.tags["release"] == "1"


@pytest.mark.slow
def test_the_callback_of_transformers_with_its_checkpoints(client, tmp_path, monkeypatch):
    pytest.importorskip("accelerate", reason="the Trainer of transformers needs accelerate")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "hf")
    monkeypatch.setenv("HF_MLFLOW_LOG_ARTIFACTS", "1")
    train_bert(str(tmp_path / "out"))
    run = only_run(client)
    models = mlflow.search_logged_models([run.info.experiment_id], output_format="list")
    assert {each.name: (each.status.name, each.params == run.data.params) for each in models} == {
        "checkpoint-2": ("READY", True),
        "checkpoint-4": ("READY", True),
    }
    assert {each.model_id for each in run.outputs.model_outputs} == {each.model_id for each in models}
    (last,) = (each for each in models if each.name == "checkpoint-4")
    folder = mlflow.artifacts.download_artifacts(f"models:/{last.model_id}", dst_path=str(tmp_path / "back"))
    kept = tmp_path / "out" / "checkpoint-4" / "model.safetensors"
    (back,) = tmp_path.joinpath("back").rglob("model.safetensors")
    assert back.read_bytes() == kept.read_bytes() and folder
