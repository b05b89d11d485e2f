"""The registry against a plain Python model of it: whatever is done in whatever order, both say the same."""

from __future__ import annotations

import itertools
import tempfile
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from castalia.track import Store
from castalia.track.protocol.routes import ROUTES
from castalia.track.protocol.wire import Fields, ProtocolError

HANDLERS = {(route.method, route.path): route.handler for route in ROUTES}
# Few of each, so that what is done to one meets what was done to it before.
NAMES = st.sampled_from(["a", "c d"])
OURS = st.just("a")  # what Castalia trained has a name that may be a folder
ALIASES = st.sampled_from(["x-1", "x-2"])
NUMBERS = st.integers(1, 3)
STAGES = st.sampled_from(["None", "Staging", "Production", "Archived"])
_rounds = itertools.count()


@dataclass
class Version:
    source: str
    ours: bool
    stage: str = "None"
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Model:
    numbered: int = 0
    versions: dict[int, Version] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        return any(version.ours for version in self.versions.values())


class Registry(RuleBasedStateMachine):
    store: Store

    @initialize()
    def begin(self) -> None:
        self.models: dict[str, Model] = {}
        self.round = f"r{next(_rounds)}-"  # a store of its own for each round would cost a migration
        for name in ("a", "c d"):  # from nothing, most steps would find nothing
            self.create(name)
            for number in (1, 2):
                self.register(name, "s3://b/x")
                self.point(name, f"x-{number}", number)

    def ask(self, method: str, path: str, expected: str, **fields: object) -> dict:
        for key in ("name", "new_name"):
            if key in fields:
                fields[key] = f"{self.round}{fields[key]}"
        try:
            answer = HANDLERS[method, path](self.store, Fields(fields, admin=True))
        except ProtocolError as error:
            assert error.code == expected, f"{error.code}: {error}"
            return {}
        assert expected == "", f"answered, not {expected}"
        assert isinstance(answer, dict)
        return answer

    def known(self, name: str, number: int | None = None) -> str:
        there = name in self.models and (number is None or number in self.models[name].versions)
        return "" if there else "RESOURCE_DOES_NOT_EXIST"

    @rule(name=NAMES)
    def create(self, name: str) -> None:
        self.ask("POST", "registered-models/create", "RESOURCE_ALREADY_EXISTS" * (name in self.models), name=name)
        self.models.setdefault(name, Model())

    @rule(name=NAMES, source=st.sampled_from(["s3://b/x", "gs://c/y"]))
    def register(self, name: str, source: str) -> None:
        self.ask("POST", "model-versions/create", self.known(name), name=name, source=source)
        if name in self.models:
            self.models[name].numbered += 1
            self.models[name].versions[self.models[name].numbered] = Version(source, ours=False)

    @rule(name=OURS)
    def train(self, name: str) -> None:
        number = self.store.add_version(f"{self.round}{name}", "churn", None, lambda n: f"models/{name}/{n}")
        model = self.models.setdefault(name, Model())
        model.numbered += 1
        assert number == model.numbered
        model.versions[number] = Version(f"castalia:/{self.round}{name}/{number}", ours=True)

    @rule(name=NAMES, number=NUMBERS)
    def delete_version(self, name: str, number: int) -> None:
        expected = self.known(name, number)
        if not expected and self.models[name].versions[number].ours:
            expected = "PERMISSION_DENIED"
        self.ask("DELETE", "model-versions/delete", expected, name=name, version=str(number))
        if not expected:
            del self.models[name].versions[number]
            aliases = self.models[name].aliases
            self.models[name].aliases = {alias: at for alias, at in aliases.items() if at != number}

    @rule(name=NAMES, alias=ALIASES, number=NUMBERS)
    def point(self, name: str, alias: str, number: int) -> None:
        expected = self.known(name, number)
        self.ask("POST", "registered-models/alias", expected, name=name, alias=alias, version=str(number))
        if not expected:
            self.models[name].aliases[alias] = number

    @rule(name=NAMES, alias=ALIASES)
    def forget(self, name: str, alias: str) -> None:
        self.ask("DELETE", "registered-models/alias", self.known(name), name=name, alias=alias)
        if name in self.models:
            self.models[name].aliases.pop(alias, None)

    @rule(name=NAMES, number=NUMBERS, stage=STAGES, archive=st.booleans())
    def move(self, name: str, number: int, stage: str, archive: bool) -> None:
        expected = self.known(name, number)
        if archive and stage not in ("Staging", "Production"):
            expected = "INVALID_PARAMETER_VALUE"
        self.ask("POST", "model-versions/transition-stage", expected, name=name, version=str(number),
                 stage=stage.upper(), archive_existing_versions=archive)  # fmt: skip
        if not expected:
            for version in self.models[name].versions.values():
                version.stage = "Archived" if archive and version.stage == stage else version.stage
            self.models[name].versions[number].stage = stage

    @rule(name=NAMES, number=NUMBERS, key=st.sampled_from("kl"), value=st.sampled_from(["", "v", "'; --"]))
    def tag(self, name: str, number: int, key: str, value: str) -> None:
        expected = self.known(name, number)
        self.ask("POST", "model-versions/set-tag", expected, name=name, version=str(number), key=key, value=value)
        if not expected:
            self.models[name].versions[number].tags[key] = value

    @rule(name=NAMES, new=NAMES)
    def rename(self, name: str, new: str) -> None:
        expected = self.known(name)
        if not expected and name != new:
            taken = "RESOURCE_ALREADY_EXISTS" if new in self.models else ""
            expected = "PERMISSION_DENIED" if self.models[name].kept else taken
        self.ask("POST", "registered-models/rename", expected, name=name, new_name=new)
        if not expected:
            self.models[new] = self.models.pop(name)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        expected = self.known(name)
        if not expected and self.models[name].kept:
            expected = "PERMISSION_DENIED"
        self.ask("DELETE", "registered-models/delete", expected, name=name)
        if not expected:
            del self.models[name]

    @invariant()
    def both_say_the_same(self) -> None:
        for name, model in self.models.items():
            said = self.ask("GET", "registered-models/get", "", name=name)["registered_model"]
            assert {each["alias"]: int(each["version"]) for each in said.get("aliases", [])} == model.aliases
            newest = {model.versions[number].stage: number for number in sorted(model.versions)}
            assert {each["current_stage"]: int(each["version"]) for each in said.get("latest_versions", [])} == newest
            lines = {line.version: line for line in self.store.versions(f"{self.round}{name}")}
            assert {number: version.source for number, version in model.versions.items()} == {
                number: line.source for number, line in lines.items()
            }
            for number, version in model.versions.items():
                assert (lines[number].folder is not None) == version.ours
                got = self.ask("GET", "model-versions/get", "", name=name, version=str(number))["model_version"]
                assert {each["key"]: each["value"] for each in got.get("tags", [])} == version.tags
                assert sorted(got.get("aliases", [])) == sorted(a for a, at in model.aliases.items() if at == number)


@pytest.fixture(scope="module", autouse=True)
def store():
    with tempfile.TemporaryDirectory() as home, Store.open(home) as opened:
        Registry.store = opened
        yield opened


class TestRegistry(Registry.TestCase):  # type: ignore[misc]
    settings = settings(max_examples=8, stateful_step_count=30, deadline=None)


@pytest.mark.slow
class TestRegistryAtLength(Registry.TestCase):  # type: ignore[misc]
    settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
