"""Findings as GitHub Actions shows them: annotations at file and line, and a job summary in Markdown."""

import html
import secrets
from collections.abc import Iterable, Sequence

from talops.domain.finding import Finding, Severity
from talops.ui.show_findings import told

SUMMARY_LIMIT = 900_000
"""Bytes. GitHub drops a step's summary that is larger than 1 MiB, all of it."""


def annotations(findings: Iterable[Finding], folder: str = "") -> str:
    """Workflow commands, one a line. `folder` is where the files lie in the checkout, "" for its root."""
    return "\n".join(_annotation(finding, folder) for finding in findings)


def _annotation(finding: Finding, folder: str) -> str:
    file = f"{folder}/{finding.file}" if folder and finding.file else finding.file
    about = [("file", file), ("line", finding.line), ("col", finding.column), ("title", f"talops: {finding.rule}")]
    words = ",".join(f"{name}={_property(str(value))}" for name, value in about if value)
    text = f"{finding.what}\nnext: {finding.hint}" if finding.hint else finding.what
    return f"::{finding.severity.value} {words}::{_message(text)}"


def folded(heading: str, text: str) -> str:
    """A part of the log that can be unfolded, and in which nothing is taken for a command."""
    token = secrets.token_hex(16)
    return f"::group::{_message(heading)}\n::stop-commands::{token}\n{text}\n::{token}::\n::endgroup::"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def summary(title: str, outcome: str, findings: Sequence[Finding], details: Sequence[tuple[str, str]] = ()) -> str:
    """Markdown: what came of it, the findings, and `details`, each a heading and a text, folded."""
    lines = [f"## {_plain(title)}", "", _plain(outcome), ""]
    if findings:
        lines += [f"### {told(findings)}", "", *(_row(finding) for finding in findings), ""]
    for heading, text in details:
        lines += [f"<details><summary>{_plain(heading)}</summary>", "", f"<pre>{_safe(text)}</pre>", "", "</details>"]
    return _fitting("\n".join(lines))


def _row(finding: Finding) -> str:
    sign = "❌" if finding.severity is Severity.ERROR else "⚠️"
    place = f"<code>{_plain(finding.where)}</code> " if finding.where else ""
    hint = f"<br>next: {_plain(finding.hint)}" if finding.hint else ""
    return f"- {sign} {place}{_plain(finding.what)}{hint}"


def _plain(text: str) -> str:
    """On one line: a new one could begin a heading."""
    return "<br>".join(_safe(text).splitlines())


def _safe(text: str) -> str:
    """Neither HTML nor Markdown."""
    safe = html.escape(text, quote=False)
    for char in "\\`*_[]|~":
        safe = safe.replace(char, f"&#{ord(char)};")
    return safe


def _fitting(text: str) -> str:
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= SUMMARY_LIMIT:
        return f"{text}\n"
    return encoded[:SUMMARY_LIMIT].decode("utf-8", "ignore") + "\n… cut off: the log has all of it\n"
