"""Verdicts about an experiment's claims, and its tables for the documentation."""

from __future__ import annotations

import collections
import dataclasses
import json

from experiment import Claim, Experiment


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What the results that are there say about a claim; no value where a row has no result."""

    claim: Claim
    value: float | None
    runs: int
    missing: list[str]

    @property
    def word(self) -> str:
        if self.missing:
            return "not decided"
        return "holds" if self.claim.least <= self.value <= self.claim.most else "does not hold"

    @property
    def found(self) -> str:
        return "" if self.value is None else f"{self.value:.3g}{self.claim.unit}"

    @property
    def count(self) -> str:
        """How many of the claim's runs there are."""
        total = self.runs + len(self.missing)
        of = f"{self.runs} of {total}" if self.missing else f"{total}"
        return f"{of} run{'s' * (total > 1)}"


def means(values: list) -> object:
    """The mean of results of one row: number by number, through dictionaries; else the first.

    Left out is what a result lacks, as one does that was written before all was measured.
    """
    if isinstance(values[0], dict):
        shared = [key for key in values[0] if all(key in value for value in values)]
        return {key: means([value[key] for value in values]) for key in shared}
    if isinstance(values[0], (int, float)) and not isinstance(values[0], bool):
        return sum(values) / len(values)
    return values[0]


def results(experiment: Experiment) -> tuple[dict[str, list[dict]], dict[str, list[str]]]:
    """The results that are there, by row, and the names of those that are not."""
    found: dict[str, list[dict]] = {}
    missing: dict[str, list[str]] = {}
    names = [(run.row, run.name) for run in experiment.runs]
    for row, name in names + [("step-times", "step-times")] * experiment.step_times:
        file = experiment.result(name)
        if file.exists():
            found.setdefault(row, []).append(json.loads(file.read_text()))
        else:
            missing.setdefault(row, []).append(name)
    return found, missing


def judge(experiment: Experiment) -> list[Verdict]:
    found, missing = results(experiment)
    verdicts = []
    for claim in experiment.claims:
        known = all(row in found for row in claim.rows)
        value = claim.value(*[means(found[row]) for row in claim.rows]) if known else None
        runs = sum(len(found.get(row, [])) for row in claim.rows)
        lacking = [name for row in claim.rows for name in missing.get(row, [])]
        verdicts.append(Verdict(claim, value, runs, lacking))
    return verdicts


def print_verdicts(experiment: Experiment) -> int:
    """Prints the verdict of each claim and returns the exit status."""
    verdicts = judge(experiment)
    for verdict in verdicts:
        line = f"{verdict.word:15}{verdict.claim.text}"
        if verdict.missing:
            so_far = f" (so far {verdict.found})" if verdict.found else ""
            print(f"{line}{so_far}: missing {', '.join(verdict.missing)}")
        else:
            print(f"{line}: {verdict.found}, expected {verdict.claim.bound()} ({verdict.count})")
    words = {verdict.word for verdict in verdicts}
    return 1 if "does not hold" in words else 2 if "not decided" in words else 0


def markdown_rows(experiment: Experiment) -> list[str]:
    """The table of results: a row of the experiment each, the mean over its seeds."""
    found, _ = results(experiment)
    titles = [column.title for column in experiment.columns]
    lines = ["|  | seeds | " + " | ".join(titles) + " |", "|---" * (len(titles) + 2) + "|"]
    for row in dict.fromkeys(run.row for run in experiment.runs):
        mean = means(found[row]) if row in found else None
        entries = [column.entry(mean) if mean else "–" for column in experiment.columns]
        cells = [experiment.titles.get(row, row), str(len(found.get(row, []))), *entries]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def markdown_stability(experiment: Experiment) -> list[str]:
    """Relative change of the gradient by the distance ‖e‖ from a test image, the mean of each row."""
    found, _ = results(experiment)
    changes = {
        row: means(found[row])["stability/test"] for row in found if row != "step-times"
    }
    radii = list(dict.fromkeys(radius for change in changes.values() for radius in change))
    lines = ["| ‖e‖ | " + " | ".join(radii) + " |", "|---" * (len(radii) + 1) + "|"]
    for row, change in changes.items():
        entries = [f"{change[radius]:.3g}" if radius in change else "–" for radius in radii]
        lines.append("| " + " | ".join([experiment.titles.get(row, row), *entries]) + " |")
    return lines


def markdown_claims(experiment: Experiment) -> list[str]:
    """The table of claims: verdict, figure and tolerance of each."""
    lines = ["| claim | expected | found | made of | verdict |", "|---|---|---|---|---|"]
    for verdict in judge(experiment):
        cells = [verdict.claim.text, verdict.claim.bound(), verdict.found or "–", verdict.count,
                 verdict.word]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def markdown_statements(experiment: Experiment) -> list[str]:
    """The paper's statements: the verdicts of all claims of one, and the first two figures known."""
    lines = ["| the paper states | here | measures of it |", "|---|---|---|"]
    verdicts = judge(experiment)
    for statement in dict.fromkeys(x.statement for x in experiment.claims if x.statement):
        parts = [x for x in verdicts if x.claim.statement == statement]
        counts = collections.Counter(part.word for part in parts)
        if counts["holds"] == len(parts):
            word = "holds"
        elif counts["does not hold"] == len(parts):
            word = "does not hold"
        elif counts["does not hold"]:
            word = "holds partly"
        else:
            word = "not decided"
        known = [f"{part.claim.text}: {part.found} ({part.count})" for part in parts if part.found]
        lines.append(f"| {statement} | {word} | {'; '.join(known[:2]) or '–'} |")
    return lines


PAGES = {
    "rows": markdown_rows, "stability": markdown_stability, "claims": markdown_claims,
    "statements": markdown_statements,
}
