"""`--show-unresolved`: every call on the loop that nothing is known of, with its reason; nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from asynclint import cli

REASONS = {
    "client.get()": "a parameter without annotation: client",
    "job.run()": "a parameter whose annotation says nothing: job",
    "strange.call()": "a library that nothing is known of: strange.call",
    "self.wire.send()": "an attribute that nothing is known of: self.wire",
    "found.close()": "a local name that nothing is known of: found",
    "nowhere()": "a name that nothing is known of: nowhere",
    "...()": "what is called is computed",
}
TEXT = """\
import strange, time

def sync(client):
    client.get()

class A:
    def __init__(self, wire):
        self.wire = wire

    async def main(self, client, job: "Job"):
        client.get()
        job.run()
        strange.call()
        self.wire.send()
        found = client.find
        found.close()
        nowhere()
        (yield)()
        await client.put()
        time.sleep(1)
        sync(1)
"""


def test_each_reason_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.py").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    assert cli.run(["--show-unresolved", "a.py"]) == 0
    lines = capsys.readouterr().out.splitlines()
    places, counts = lines[: len(REASONS)], lines[len(REASONS) :]
    assert {line.split(": ", 1)[1] for line in places} == {f"{call}: {reason}" for call, reason in REASONS.items()}
    assert places[0] == "a.py:11:9: client.get(): a parameter without annotation: client"
    assert counts[0] == "9 calls on the loop that are not awaited, 7 of them unresolved"
    assert len(counts) == 1 + len(REASONS)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.py").write_text("def f(:\n")
    monkeypatch.chdir(tmp_path)
    assert cli.run(["--show-unresolved", "."]) == 2
    assert "a.py:1:" in capsys.readouterr().err
