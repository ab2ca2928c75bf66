"""SARIF 2.1.0, which code scanning and many viewers read: rules with their pages, chains as code flows, fixes, and what is suppressed.

Source: the OASIS standard "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", with errata 01.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from asynclint.model import Applicability, Confidence, Edit, Finding, Fix, Frame, Problem, RulePage, RunResult, Severity, Span
from asynclint.report import Paint, in_repository, plain

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "ROOT"  # the id of the folder that relative addresses begin at
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_PRECISIONS = {Confidence.HIGH: "high", Confidence.MEDIUM: "medium", Confidence.LOW: "low"}


def report(result: RunResult, _paint: Paint = plain) -> str:
    about = result.about
    driver: dict[str, Any] = {"name": "asynclint"}
    if about is not None:
        driver["version"] = about.version
    rules = about.rules if about is not None else ()
    driver["rules"] = [_rule(rule) for rule in rules]
    numbers = {rule.code: number for number, rule in enumerate(rules)}
    problems = sorted(result.all_problems)
    results = [_result(finding, numbers, result) for finding in result.findings]
    for suppressed in result.suppressed:
        reason = {"justification": suppressed.reason} if suppressed.reason else {}
        results.append({**_result(suppressed.finding, numbers, result), "suppressions": [{"kind": "inSource", **reason}]})
    if result.suppressed:  # where one result says whether it is suppressed, all have to
        results = [{"suppressions": [], **each} for each in results]
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": not problems, "toolExecutionNotifications": [_notification(each, result) for each in problems]}],
        "columnKind": "unicodeCodePoints",
        "newlineSequences": ["\r\n", "\n", "\r"],
        "results": results,
    }
    if about is not None:
        run["originalUriBaseIds"] = {_ROOT: {"uri": f"{_file_uri(about.root.rstrip('/'))}/"}}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: RulePage) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": " ".join(rule.page.partition("\n## ")[0].split()) or rule.summary},  # GitHub demands one
        "help": {"text": rule.page, "markdown": rule.page},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"precision": _PRECISIONS[rule.confidence], "tags": ["asyncio"]},
    }


def _result(finding: Finding, numbers: dict[str, int], result: RunResult) -> dict[str, Any]:
    told: dict[str, Any] = {"ruleId": finding.code}
    if finding.code in numbers:
        told["ruleIndex"] = numbers[finding.code]
    physical = {"artifactLocation": _artifact(finding.path, result), "region": _region(finding.span)}
    line = result.lines.get((finding.path, finding.span.start.line))
    if line is not None and finding.span.end.line == finding.span.start.line:
        physical["contextRegion"] = {"startLine": finding.span.start.line, "snippet": {"text": line.rstrip("\r\n")}}
    told |= {
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message}: {finding.help}" if finding.help else finding.message},
        "locations": [{"physicalLocation": physical, "logicalLocations": [{"fullyQualifiedName": finding.function}]}],
        "partialFingerprints": {"asynclint/v1": finding.fingerprint},
        "properties": {"confidence": finding.confidence.value, **({"noFix": finding.no_fix} if finding.no_fix else {})},
    }
    if len(finding.chain) > 1:
        told["codeFlows"] = [{"threadFlows": [{"locations": [_hop(frame, depth, result) for depth, frame in enumerate(finding.chain)]}]}]
    if finding.fix is not None and finding.fix.edits:
        told["fixes"] = [_fix(finding.fix, result)]
    return told


def _hop(frame: Frame, depth: int, result: RunResult) -> dict[str, Any]:
    place = {"artifactLocation": _artifact(frame.path, result), "region": {"startLine": frame.line, "startColumn": frame.column}}
    location = {"physicalLocation": place, "logicalLocations": [{"fullyQualifiedName": frame.function}], "message": {"text": frame.text}}
    return {"location": location, "nestingLevel": depth}


def _fix(fix: Fix, result: RunResult) -> dict[str, Any]:
    changes = [
        {"artifactLocation": _artifact(path, result), "replacements": [_replacement(edit) for edit in sorted(set(fix.edits)) if edit.path == path]}
        for path in sorted(fix.paths)
    ]
    told = {"description": {"text": fix.title}, "artifactChanges": changes, "properties": {"applicability": fix.applicability.value}}
    needed = [*(f"{each.module} {each.name}".strip() for each in fix.imports), *(each.text for each in fix.declarations)]
    if needed:  # that the caller has not been able to turn into edits
        told["properties"] = {"applicability": Applicability.MANUAL.value, "needs": needed}
    return told


def _replacement(edit: Edit) -> dict[str, Any]:
    return {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text}}


def _region(span: Span) -> dict[str, int]:
    return {"startLine": span.start.line, "startColumn": span.start.column, "endLine": span.end.line, "endColumn": span.end.column}


def _notification(problem: Problem, result: RunResult) -> dict[str, Any]:
    told: dict[str, Any] = {"level": "error", "message": {"text": problem.message}, "descriptor": {"id": problem.code}}
    if problem.path:
        physical: dict[str, Any] = {"artifactLocation": _artifact(problem.path, result)}
        if problem.line:
            physical["region"] = {"startLine": problem.line, **({"startColumn": problem.column} if problem.column else {})}
        told["locations"] = [{"physicalLocation": physical}]
    return told


def _artifact(path: str, result: RunResult) -> dict[str, Any]:
    shown = in_repository(path, result)
    if shown.startswith("/") or shown[1:3] == ":/":
        return {"uri": _file_uri(shown)}
    return {"uri": _quoted(shown), **({"uriBaseId": _ROOT} if result.about is not None else {})}


def _file_uri(absolute: str) -> str:
    return f"file:///{_quoted(absolute.replace(chr(92), '/').lstrip('/'))}"


def _quoted(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"), safe="/")
