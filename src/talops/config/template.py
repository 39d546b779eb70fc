"""The little of Go's text/template that talconfig.yaml uses: fields, and `if .Secureboot`."""

import re
from collections.abc import Mapping

from talops.config.scalar import Place, fail

_CONDITION = re.compile(
    r"\{\{\s*if\s+\.(?P<field>\w+)\s*\}\}(?P<then>[^{]*)(?:\{\{\s*else\s*\}\}(?P<other>[^{]*))?"
    r"\{\{\s*end\s*\}\}"
)
_FIELD = re.compile(r"\{\{\s*\.(?P<field>\w+)\s*\}\}")
_TRIM = re.compile(r"(?<!\s)\s*(?P<left>\{\{-)(?=\s)|(?<=\s)-\}\}\s*")
"""A dash takes away the spaces on its side of the braces."""


def render(template: str, values: Mapping[str, str], at: Place) -> str:
    """Fill it in; an empty value is false. Raises FilesInvalid for unknown fields and for any other template code."""

    def value(found: re.Match[str]) -> str:
        name = found.group("field")
        if name not in values:
            fail(at, f"the template has no field .{name}", f"it has {', '.join(f'.{known}' for known in values)}")
        return values[name]

    def chosen(found: re.Match[str]) -> str:
        return found.group("then") if value(found) else found.group("other") or ""

    trimmed = _TRIM.sub(lambda found: "{{" if found.group("left") else "}}", template)
    text = _FIELD.sub(value, _CONDITION.sub(chosen, trimmed))
    if "{{" in text:
        fail(at, f"talops does not understand the template `{template}`", "use fields and {{if .Field}}…{{end}} only")
    return text
