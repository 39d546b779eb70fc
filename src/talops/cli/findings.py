"""How commands about the cluster's files end: for a person, as JSON, or as GitHub Actions shows it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import typer

from talops.domain.finding import Finding, Severity
from talops.domain.generated import Generated, Shown
from talops.errors import Exit, TalopsError, UsageError


class Form(Enum):
    PLAIN = "plain"
    JSON = "json"
    GITHUB = "github"


def chosen_form(wanted: str | None) -> Form:
    """Raises UsageError for a form that there is not."""
    try:
        return Form(wanted or "plain")
    except ValueError:
        hint = f"it is one of {', '.join(form.value for form in Form)}"
        raise UsageError(f"--output: there is no form {wanted}", hint=hint) from None


@dataclass(frozen=True, slots=True)
class Report:
    """What is said at the end, in the form that was asked for."""

    form: Form
    title: str
    repo: Path

    @contextmanager
    def failures(self) -> Iterator[None]:
        """A failure with findings, or for a program, is told here; any other is left to whoever prints errors."""
        try:
            yield
        except TalopsError as error:
            findings = findings_of(error)
            if self.form is Form.PLAIN and not hasattr(error, "findings"):
                raise
            self._say(None, findings, error.exit, said=f"failed: {error.what}")
            raise typer.Exit(error.exit) from None

    def end(self, done: Generated | Shown, exit: Exit, *, before: str = "") -> None:
        """Say what came of it, and end with the exit code."""
        from talops.ui.show_generated import outcome

        self._say(done, done.warnings, exit, said=outcome(done, before=before))
        raise typer.Exit(exit)

    def _say(self, done: Generated | Shown | None, findings: tuple[Finding, ...], exit: Exit, *, said: str) -> None:
        match self.form:
            case Form.PLAIN:
                self._plain(done, findings, said)
            case Form.JSON:
                from talops.cli.acting import echo_json
                from talops.ui.show_generated import generated_to_json

                echo_json(generated_to_json(done, findings, exit=int(exit), said=said))
            case Form.GITHUB:
                self._github(done, findings, said)

    def _plain(self, done: Generated | Shown | None, findings: tuple[Finding, ...], said: str) -> None:
        """Quiet where all is well: a line for the person at a terminal, none for a log."""
        import sys

        from talops.ui.show_findings import show_findings, told

        if findings:
            typer.echo(show_findings(findings), err=True)
        compared = _for_eyes(done)
        if compared:
            typer.echo(compared)
        for name in done.removed if isinstance(done, Generated) else ():
            typer.echo(f"removed clusterconfig/{name}: no node has it", err=True)
        if done is None:
            typer.echo(f"talops: the files are wrong: {told(findings)}; nothing was written", err=True)
        elif compared or sys.stdout.isatty():
            typer.echo(said)

    def _github(self, done: Generated | Shown | None, findings: tuple[Finding, ...], said: str) -> None:
        gone = done.removed if isinstance(done, Generated) else ()
        removed = "\n".join(f"removed clusterconfig/{name}: no node has it" for name in gone)
        details = {"What differs": _compared(done, width=100, colour=False), "What was removed": removed}
        say_on_github(self.title, said, findings, repo=self.repo, details=details)


def say_on_github(
    title: str, said: str, findings: tuple[Finding, ...], *, repo: Path, details: Mapping[str, str] | None = None
) -> None:
    """Annotations, and the job's summary. `details` are texts by their headings; empty ones are left out."""
    from talops.ui.show_github import annotations, folded, summary
    from talops.ui.words import clean

    told = [(heading, text) for heading, text in (details or {}).items() if text]
    if findings:
        typer.echo(annotations(findings, _in_checkout(repo)))
    for heading, text in told:
        typer.echo(folded(heading, text))
    # a second line could be a command
    typer.echo(clean(said))
    _append(os.environ.get("GITHUB_STEP_SUMMARY", ""), summary(title, said, findings, told))


def findings_of(error: TalopsError) -> tuple[Finding, ...]:
    """Those that it carries, or itself as one."""
    from talops.files.findings import refused

    found: tuple[Finding, ...] = getattr(error, "findings", ())
    return found or (refused(f"exit-{int(error.exit)}", error, Severity.ERROR),)


def _compared(done: Generated | Shown | None, *, width: int, colour: bool) -> str:
    if not isinstance(done, Shown) or done.comparison is None:
        return ""
    from talops.ui.show_comparison import show_comparison

    return show_comparison(done.comparison, width=width, colour=colour)


def _for_eyes(done: Generated | Shown | None) -> str:
    if not isinstance(done, Shown):
        return ""
    from talops.cli.acting import colourful, width

    return _compared(done, width=width(), colour=colourful())


def _in_checkout(repo: Path) -> str:
    """Where the cluster's files lie below the checkout: annotations name files from there."""
    root = os.environ.get("GITHUB_WORKSPACE", "")
    with suppress(ValueError, OSError):
        inside = repo.resolve().relative_to(Path(root).resolve()) if root else Path()
        return "" if inside == Path() else inside.as_posix()
    return ""


def _append(file: str, text: str) -> None:
    """The step's summary is a courtesy: without it the annotations still say everything."""
    if file:
        with suppress(OSError), open(file, "a", encoding="utf-8") as summary:  # noqa: PTH123
            summary.write(text)
