"""`talops validate`."""

import typer

from talops.cli import acting, options
from talops.cli.app import SETTINGS
from talops.cli.findings import Form, chosen_form, say_on_github
from talops.domain.finding import Finding, Severity
from talops.errors import Exit

app = typer.Typer(**{**SETTINGS, "no_args_is_help": False})


@app.command()
def validate(context: typer.Context, strict: options.Strict = False, output: options.FindingsForm = None) -> None:
    """Everything that is wrong, or odd, about the cluster's files. Needs no cluster, and no key.

    Exit 0 when it is right, warnings or not; 6 when it is wrong.
    """
    from talops.wiring.validating import validate as validated

    form = chosen_form(output)
    findings = validated(context.obj.repo)
    if strict:
        from talops.files.check import strictly

        findings = strictly(findings)
    wrong = any(finding.severity is Severity.ERROR for finding in findings)
    _say(findings, form, Exit.FILES if wrong else Exit.DONE, context)
    raise typer.Exit(Exit.FILES if wrong else Exit.DONE)


def _say(findings: tuple[Finding, ...], form: Form, exit: Exit, context: typer.Context) -> None:
    from talops.ui.show_validation import outcome, show_validation, validation_to_json

    match form:
        case Form.PLAIN:
            typer.echo(show_validation(findings, width=acting.width()))
        case Form.JSON:
            acting.echo_json(validation_to_json(findings, exit=int(exit)))
        case Form.GITHUB:
            say_on_github("talops validate", outcome(findings), findings, repo=context.obj.repo)
