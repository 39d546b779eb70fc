"""Variables whose value is read as something else than it says, since talhelper replaces them before it parses."""

from collections.abc import Iterator
from collections.abc import Mapping as Values
from contextlib import suppress
from dataclasses import dataclass

from talops.config.compose import documents
from talops.config.keys import TEXT, TEXTS, TOP, Keys
from talops.config.scalar import Place, Scalar, canonical, is_null, truth
from talops.config.substitute import Substituted, offset_of, place_at, substitute_all, variables_in
from talops.config.tree import Mapping, Sequence, Tree
from talops.domain.finding import Finding
from talops.errors import FilesInvalid
from talops.files.checks.values import ANYTHING_IN_PATCHES, values_of
from talops.files.findings import error, warning
from talops.files.patchtexts import Patch, Patches
from talops.files.sources import TALCONFIG, Sources
from talops.files.variables import NOT_KNOWN

_QUOTE = 'write it in quotes: "${{{}}}"'
RULE = "substitution"


@dataclass(frozen=True, slots=True)
class Replaced:
    """A value that holds variables: as it is written, what it then says, and what is read there."""

    written: Scalar
    says: str
    read: Tree
    below: tuple[str, ...]


def substitutions(sources: Sources, keys: Keys, patches: Patches) -> Iterator[Finding]:
    """In talconfig.yaml and in patches."""
    values = sources.variables.environment.values
    kinds = {scalar.at: kind for scalar, kind in values_of(sources.top, TOP, keys)} if sources.written else {}
    for replaced in _replaced(sources.written, sources.top, values, ()):
        at = _variable(sources.talconfig, replaced.written.at)
        patch = patches.of.get(replaced.read.at)
        if patch is None:
            yield from _lost(replaced, at)
            yield from _retyped(replaced, at, kinds.get(replaced.read.at, ""))
        else:
            yield from _in_patch(patch, replaced.written.text, at, values)
    for patch in patches:
        if patch.file and patch.text.moved:
            yield from _in_patch(patch, patch.text.source, None, values)


def replaced_places(sources: Sources) -> frozenset[Place]:
    """Where the values of talconfig.yaml stand that hold variables; in the substituted text."""
    values = sources.variables.environment.values
    return frozenset(replaced.read.at for replaced in _replaced(sources.written, sources.top, values, ()))


def _in_patch(patch: Patch, written: str, at: Place | None, values: Values[str, str]) -> Iterator[Finding]:
    """`at` for all of them where the patch stands in talconfig.yaml."""
    before: list[Tree] = []
    with suppress(FilesInvalid):
        before = list(documents(written, patch.file or TALCONFIG))
    for old, new in zip(before, patch.trees, strict=False):
        for replaced in _replaced(old, new, values, ()):
            place = at or _variable(patch.text, replaced.written.at)
            yield from _lost(replaced, place)
            # a JSON patch, and what Talos passes on, have no types that would make a text of it again
            if isinstance(new, Sequence) or not ANYTHING_IN_PATCHES.isdisjoint(replaced.below):
                yield from _retyped(replaced, place, TEXTS)


def _replaced(written: Tree | None, read: Tree, values: Values[str, str], below: tuple[str, ...]) -> Iterator[Replaced]:
    """Both trees side by side; where their shape differs, a value is to blame, and that is where it is told."""
    match written:
        case Scalar() if "$" in written.text:
            says = substitute_all(written.text, values, written.at.file, hint="", missing=NOT_KNOWN)
            if not says.problems and NOT_KNOWN not in says.text:
                yield Replaced(written, says.text, read, below)
        case Sequence() if isinstance(read, Sequence):
            for old, new in zip(written.rows, read.rows, strict=False):
                yield from _replaced(old, new, values, below)
        case Mapping() if isinstance(read, Mapping):
            for (key, old), new in zip(written.entries.items(), read.entries.values(), strict=False):
                yield from _replaced(old, new, values, (*below, key))


def _lost(replaced: Replaced, at: Place) -> Iterator[Finding]:
    """What is there does not say any more what the value says."""
    names, hint = _names(replaced.written)
    read = replaced.read
    if not isinstance(read, Scalar):
        # a list in a variable is meant as one
        if not replaced.says.lstrip().startswith(("[", "{")):
            kind = "mapping" if isinstance(read, Mapping) else "list"
            yield error(RULE, at, f"the value of {names} becomes a {kind}: it holds `: ` or begins with `- `", hint)
    elif is_null(read) and replaced.says:
        yield warning(RULE, at, f"the value of {names} is a word for nothing, and is read as nothing", hint)
    elif replaced.written.plain and read.text != replaced.says:
        cut = " #" in replaced.says or replaced.says.startswith("#")
        why = "only what stands before its # is left" if cut else "YAML reads its quotes and spaces as its own"
        yield error(RULE, at, f"the value of {names} is not read as it is: {why}", hint)


def _retyped(replaced: Replaced, at: Place, kind: str) -> Iterator[Finding]:
    """A text that was a number or a bool to YAML. Numbers and bools where they are wanted are well."""
    read = replaced.read
    if not isinstance(read, Scalar) or kind not in {TEXT, TEXTS} or not read.plain or is_null(read):
        return
    names, hint = _names(replaced.written)
    if canonical(read) != read.text:
        what = f"the value of {names} is a number or a date to YAML, and talhelper writes it another way"
        yield warning(RULE, at, what, hint)
    elif kind == TEXT and truth(read) is not None:
        yield warning(RULE, at, f"the value of {names} is a bool to YAML, where a text is wanted", hint)


def _names(written: Scalar) -> tuple[str, str]:
    names = list(dict.fromkeys(variables_in(written.text)))
    return " and ".join(f"${{{name}}}" for name in names), _QUOTE.format(names[0] if names else "NAME")


def _variable(text: Substituted, at: Place) -> Place:
    """Where the first variable of the value that begins there stands."""
    found = text.source.find("$", offset_of(text.source, at))
    return place_at(text.source, found, at.file) if found >= 0 else at
