"""What an experiment consists of: runs, their measurements, and claims about the results."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable

RESULTS = pathlib.Path(__file__).resolve().parent / "results"


@dataclasses.dataclass(frozen=True)
class Run:
    """A training run: its name, the row it belongs to, and what it adds to the experiment's recipe."""

    row: str
    seed: int
    flags: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.row}-seed-{self.seed}"


@dataclasses.dataclass(frozen=True)
class Measurement:
    """A command of the program on a trained run; it writes its numbers by --json."""

    name: str
    arguments: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Claim:
    """A statement about rows, and the figure that decides it.

    `value` maps the mean results of `rows` (means over seeds, one dictionary each) to a number, which
    must lie in [least, most]. `statement` is the sentence of the paper that the claim is a part of.
    """

    text: str
    rows: tuple[str, ...]
    value: Callable[..., float]
    least: float = float("-inf")
    most: float = float("inf")
    unit: str = ""
    statement: str = ""

    def bound(self) -> str:
        if self.least == float("-inf"):
            return f"at most {self.most:.3g}{self.unit}"
        if self.most == float("inf"):
            return f"at least {self.least:g}{self.unit}"
        return f"from {self.least:g} to {self.most:g}{self.unit}"


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of the table of results: its title, and a row's entry by the row's mean result."""

    title: str
    entry: Callable[[dict], str]


@dataclasses.dataclass(frozen=True)
class Experiment:
    """`titles` and `columns` make the table of results; `step_times` adds the row of that name."""

    name: str
    recipe: pathlib.Path
    runs: list[Run]
    measurements: list[Measurement]
    claims: list[Claim]
    titles: dict[str, str] = dataclasses.field(default_factory=dict)
    columns: list[Column] = dataclasses.field(default_factory=list)
    step_times: bool = False

    def result(self, name: str) -> pathlib.Path:
        return RESULTS / self.name / f"{name}.json"
