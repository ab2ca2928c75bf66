"""One JSON object a line: first the findings, then what could not be checked, each as in `json`, with its `type`: `finding` or `error`."""

from __future__ import annotations

import json

from asynclint.model import RunResult
from asynclint.report import Paint, plain
from asynclint.report.json import of_finding, of_problem


def report(result: RunResult, _paint: Paint = plain) -> str:
    places = dict(result.places)
    objects = [{"type": "finding", **of_finding(finding, places)} for finding in result.findings]
    objects += [{"type": "error", **of_problem(problem, places)} for problem in sorted(result.all_problems)]
    return "".join(f"{json.dumps(each)}\n" for each in objects)
