"""`talops gen config`."""

import typer

from talops.cli import options
from talops.cli.app import SETTINGS
from talops.cli.findings import Report, chosen_form
from talops.errors import Exit, UsageError

app = typer.Typer(help="Generate the machine configs.", **SETTINGS)


@app.callback()
def gen() -> None:
    """Generate the machine configs."""


@app.command()
def config(
    context: typer.Context,
    check: options.Check = False,
    against: options.Against = None,
    dry_run: options.DryRun = False,
    placeholder_secrets: options.PlaceholderSecrets = False,
    strict: options.Strict = False,
    offline: options.Offline = False,
    force: options.Force = False,
    output: options.FindingsForm = None,
) -> None:
    """Generate clusterconfig/ with talhelper: right and whole, or as it was before.

    Does nothing when nothing has changed. Exit 0 done, 6 the files are wrong; with --against and --dry-run 3 when
    something differs.
    """
    _must_fit(check=check, against=against, dry_run=dry_run, placeholders=placeholder_secrets)
    report = Report(chosen_form(output), title="talops gen config", repo=context.obj.repo)
    with report.failures():
        if check or against or dry_run:
            _show(context, report, strict=strict, placeholders=placeholder_secrets, revision=against, compare=dry_run)
        else:
            from talops.wiring.generating import generate

            report.end(generate(context.obj.repo, strict=strict, offline=offline, force=force), Exit.DONE)


def _show(
    context: typer.Context, report: Report, *, strict: bool, placeholders: bool, revision: str | None, compare: bool
) -> None:
    from talops.wiring.generating import show

    shown = show(context.obj.repo, strict=strict, placeholders=placeholders, revision=revision or "", compare=compare)
    differs = shown.comparison is not None and shown.comparison.differs
    report.end(shown, Exit.PENDING if differs else Exit.DONE, before=revision or "clusterconfig/")


def _must_fit(*, check: bool, against: str | None, dry_run: bool, placeholders: bool) -> None:
    """Raises UsageError."""
    if dry_run and (check or against):
        hint = "--dry-run compares with what is there, --against with a revision, --check with nothing"
        raise UsageError("--dry-run does not go with --check or --against", hint=hint)
    if placeholders and not (check or against):
        raise UsageError(
            "--placeholder-secrets makes configs that no node could use",
            hint="only look at them: talops gen config --check --placeholder-secrets",
        )
