"""Values that are only references to a secret, such as `op://vault/item/field`, and that nobody has resolved.

talhelper would write them into the machine configs as they are.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from talops.config.compose import Repeated, documents
from talops.config.scalar import Scalar
from talops.config.tree import Mapping as TreeMapping
from talops.config.tree import Sequence, Tree
from talops.domain.finding import Finding, Severity
from talops.errors import FilesInvalid

_REFERENCE = re.compile(r"\s*[\"']?(?P<scheme>op|ref\+[\w+]+|secretref\+[\w+]+|bws|keyring|vault|infisical)://")
_RUN = "talops gen config"


def unresolved_variables(
    used: Iterable[str], values: Mapping[str, str], environ: Mapping[str, str]
) -> Iterator[Finding]:
    """Of the variables that the files use; `values` are what they mean, `environ` what the process has."""
    for name in used:
        value = values.get(name, "")
        found = _REFERENCE.match(value)
        if found:
            here = environ.get(name) == value
            yield _finding(f"${{{name}}} is", value.strip(), found["scheme"], "" if here else name)


def unresolved_secrets(file: str, text: str) -> Iterator[Finding]:
    """Of a talsecret file, decrypted."""
    try:
        trees = list(documents(text, file, repeated=Repeated.LATER_WINS))
    except FilesInvalid:
        return
    for scalar in (scalar for tree in trees for scalar in _scalars(tree)):
        found = _REFERENCE.match(scalar.text)
        if found:
            yield _finding("a secret is", scalar.text.strip(), found["scheme"], "NAME", file, scalar.at.line)


def _scalars(tree: Tree) -> Iterator[Scalar]:
    match tree:
        case TreeMapping():
            yield from (scalar for value in tree.entries.values() for scalar in _scalars(value))
        case Sequence():
            yield from (scalar for row in tree.rows for scalar in _scalars(row))
        case Scalar():
            yield tree


def _finding(subject: str, value: str, scheme: str, move: str, file: str = "talconfig.yaml", line: int = 0) -> Finding:
    runs = f"op run -- {_RUN}" if scheme == "op" else f"vals exec -f FILE -- {_RUN}" if "ref+" in scheme else ""
    resolve = f"let its tool resolve it: {runs}" if runs else f"export what it stands for, then {_RUN}"
    if file != "talconfig.yaml":
        resolve = f"write ${{{move}}} there, export {move} as that reference, and {resolve}"
    elif move:
        resolve = f"such tools fill in the environment only: export {move} instead of writing it in talenv; {resolve}"
    return Finding(
        rule="unresolved-reference",
        severity=Severity.ERROR,
        what=f"{subject} `{value}`: a reference, and nobody has put in what it stands for",
        hint=resolve,
        file=file,
        line=line,
    )
