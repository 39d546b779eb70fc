"""What helm, kustomize and helmfile complain of, in words: whose fault it is, and what to look at."""

import re
import shlex

from talops.domain.process import Call, End, Result
from talops.domain.words import span

_LONGEST = 600
_KNOWN = (
    (
        re.compile(r"no such host|refused|reset by peer|timeout|unreachable|proxyconnect|TLS handshake|EOF"),
        "the chart cannot be fetched",
        "is the network up, is a proxy needed (HTTPS_PROXY)? by hand: {command}",
    ),
    (
        re.compile(r"failed to fetch \S+ : 5\d\d"),
        "its chart repository fails",
        "try again in a while; by hand: {command}",
    ),
    (
        re.compile(r"failed to fetch \S+/index\.yaml : 404"),
        "there is no chart repository at that URL",
        "mend `repo` where the chart is named; by hand: {command}",
    ),
    (
        re.compile(r"failed to fetch \S+ : 40[13]"),
        "its chart repository wants a login",
        "by hand, with --username and --password-stdin: {command}",
    ),
    (
        re.compile(r"does not look like a valid|is not a valid chart repository|invalid character '<'|looks like HTML"),
        "what its chart repository gives is no chart repository's: a page of HTML, or a login?",
        "open its URL in a browser; by hand: {command}",
    ),
    (
        re.compile(r"\b40[13]\b|unauthorized|denied|authentication required"),
        "its chart repository wants a login, or does not have the chart",
        "helm registry login HOST; by hand: {command}",
    ),
    (
        re.compile(
            r"chart .* not found in|no chart (version|name) found|improper constraint|invalid_reference|\b404\b"
        ),
        "its chart repository does not have that chart, or not in that version",
        "mend the version; by hand: {command}",
    ),
    (
        re.compile(r"values don't meet|schema|error converting YAML|execution error|cannot unmarshal|parse error|nil "),
        "its chart does not take these values",
        "mend the values; by hand: {command}",
    ),
    (
        re.compile(r"found in Chart.yaml, but missing in charts"),
        "the charts that it depends on are not in its folder",
        "helm dependency build FOLDER",
    ),
    (re.compile(r"unknown command|unknown flag|unknown shorthand"), "the tool is too old, or too new", "talops doctor"),
)


def explained(call: Call, result: Result, private: str) -> tuple[str, str]:
    """What it means, with the tool's own words, and what to do. `private` is our folder, which is gone then."""
    command = shlex.join(call.argv).replace(private, "FOLDER")
    if result.end is End.TIMED_OUT:
        return f"{call.argv[0].rpartition('/')[2]} had no answer within {span(call.deadline)}", f"by hand: {command}"
    if result.end is not End.EXITED:
        return f"{call.argv[0].rpartition('/')[2]} was {result.end.value}", f"by hand: {command}"
    said = _words(result.stderr.decode("utf-8", "replace"), private)
    for pattern, meaning, hint in _KNOWN:
        if pattern.search(said):
            return f"{meaning} ({said})", hint.format(command=command)
    return said or f"exit {result.exit}, without a word", f"by hand: {command}"


def _words(stderr: str, private: str) -> str:
    """From the first line that is an error; one line, without our folder."""
    lines = [line.strip() for line in stderr.replace(private, "").splitlines() if line.strip()]
    first = next((n for n, line in enumerate(lines) if line.lower().startswith("error")), max(0, len(lines) - 3))
    lines = [line for line in lines[first:] if not line.startswith("Use --debug")]
    return " ".join(lines).removeprefix("Error: ").removeprefix("error: ")[:_LONGEST]
