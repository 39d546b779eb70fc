"""What Flux writes into manifests before it applies them: `${NAME}`, from the postBuild of its Kustomizations."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from talops.files.cni.repository import Fields, Repository, table, tables, text

_VARIABLE = re.compile(r"(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*)(?::?[=-]([^}]*))?\}")


@dataclass(slots=True, kw_only=True)
class Variables:
    """`known` are those that the repository says in clear, and the environment's own. `namespace`: where Flux puts it.

    `substitutes`: whether Flux does it at all in this repository; else `${NAME}` means itself.
    """

    known: Mapping[str, str]
    namespace: str = ""
    substitutes: bool = True
    missing: set[str] = field(default_factory=set)
    """Names that were asked for, and that nobody knows."""

    def filled(self, words: str) -> str:
        """The text with its variables replaced, as far as they are known."""
        if not self.substitutes:
            return words
        return _VARIABLE.sub(self._value, words).replace("$${", "${")

    def filled_fields(self, fields: Fields) -> Fields:
        """Flux replaces text: `${PORT}` without quotes may be a number afterwards."""
        found: Fields = json.loads(self.filled(json.dumps(fields))) if fields else {}
        return found

    def _value(self, match: re.Match[str]) -> str:
        name, default = match[1], match[2]
        if name in self.known:
            return self.known[name]
        if default is None:
            self.missing.add(name)
            return match[0]
        return str(default)


def variables_of(repository: Repository, path: Path) -> Variables:
    """For the manifest at this path."""
    known: dict[str, str] = {}
    namespace = ""
    substitutes = False
    for _, fields in repository.of_kind("Kustomization"):
        if not text(fields, "apiVersion").startswith("kustomize.toolkit.fluxcd.io/"):
            continue
        build = table(fields, "spec", "postBuild")
        substitutes = substitutes or bool(build) or "postBuild" in json.dumps(fields)
        if _leads_to(repository, fields, path):
            namespace = text(fields, "spec", "targetNamespace") or namespace
            known |= {name: str(value) for name, value in table(build, "substitute").items()}
        known = _of_config_maps(repository, fields) | known
    known = {**os.environ, **known}
    return Variables(known=known, namespace=namespace, substitutes=substitutes)


def _leads_to(repository: Repository, fields: Fields, path: Path) -> bool:
    below = (repository.root / text(fields, "spec", "path").removeprefix("./")).resolve()
    return path.resolve().is_relative_to(below)


def _of_config_maps(repository: Repository, fields: Fields) -> dict[str, str]:
    """Those that are committed in clear; Secrets are encrypted, and so not known."""
    rows = tables(table(fields, "spec", "postBuild").get("substituteFrom"))
    names = [text(row, "name") for row in rows if text(row, "kind") == "ConfigMap"]
    if not names:
        return {}
    found = (fields for _, fields in repository.of_kind("ConfigMap") if text(fields, "metadata", "name") in names)
    return {name: str(value) for fields in found for name, value in table(fields, "data").items()}
