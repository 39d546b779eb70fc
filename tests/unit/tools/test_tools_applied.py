"""What a node answers to a config that it is offered."""

import pytest

from talops.domain.machineconfig import Answer, Effect
from talops.domain.process import End, Result
from talops.domain.talos import Unknown
from talops.tools.applied import answer, refusal

FAILED = "error applying new configuration: 1 error occurred:\n\t* 10.0.0.1: rpc error: code = {} desc = {}\n\n"
WITHOUT = (
    b"Dry run summary:\nApplied configuration without a reboot (skipped in dry-run).\nConfig diff:\n\n+ a reboot\n"
)
DIFFERS = "this config change can't be applied in immediate mode\ndiff:\n  token: t0ps3cret"
NESTED = "2 errors occurred:\n\t* v1alpha1.Config: 1 error occurred:\n\t* no disks matched\n\n\n\t* other\n\n"


def failed(code: str, words: str) -> Result:
    return Result(exit=1, stderr=FAILED.format(code, words).encode())


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (Result(stderr=WITHOUT), Answer(effect=Effect.LIVE)),
        (failed("InvalidArgument", DIFFERS), Answer(effect=Effect.REBOOT)),
        (failed("InvalidArgument", "unknown kind"), Answer(effect=Effect.NEVER, no="unknown kind")),
        (
            failed("InvalidArgument", NESTED),
            Answer(effect=Effect.NEVER, no="v1alpha1.Config: no disks matched; other"),
        ),
    ],
)
def test_its_answer(result: Result, expected: Answer) -> None:
    assert answer(result) == expected


@pytest.mark.parametrize(
    ("result", "reason", "forbidden"),
    [
        (Result(end=End.TIMED_OUT), "no answer at its deadline", False),
        (Result(end=End.NOT_FOUND), "not installed", False),
        (failed("Unavailable", "connection refused"), "does not answer (Unavailable)", False),
        (failed("PermissionDenied", "not authorized"), "role", True),
        (failed("FailedPrecondition", "another apply configuration is already in progress"), "takes another", False),
        (Result(exit=1, stderr=b"panic"), "named no answer", False),
        (Result(), "did not say", False),
    ],
)
def test_what_is_no_answer(result: Result, reason: str, forbidden: bool) -> None:
    found = answer(result)

    assert isinstance(found, Unknown)
    assert reason in found.reason
    assert found.forbidden is forbidden


def test_what_the_node_quotes_of_the_config_is_not_passed_on() -> None:
    assert "t0ps3cret" not in refusal(failed("InvalidArgument", DIFFERS))


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (Result(), ""),
        (Result(end=End.KILLED), ""),
        (failed("Unavailable", "x"), ""),
        (failed("InvalidArgument", "no"), "no"),
        (failed("InvalidArgument", DIFFERS), "it would need a reboot for it"),
    ],
)
def test_why_a_config_was_not_taken(result: Result, words: str) -> None:
    assert refusal(result) == words
