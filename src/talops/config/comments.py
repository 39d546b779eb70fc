"""Comments of a YAML text blanked: variables in them are none (facts, real-tools.md 7)."""

import re

from talops.config.compose import explained, yaml_events


def without_comments(text: str, file: str) -> str:
    """The text with its comments blanked, every line where it was: variables in comments are none (facts, 7).

    Raises FilesInvalid when it is no YAML: talhelper parses before it substitutes, and then again.
    """
    from ruamel.yaml.events import ScalarEvent

    kept: list[str] = []
    at = 0
    with explained(text, file):
        for event in yaml_events(text, file):
            if isinstance(event, ScalarEvent) and event.start_mark.index >= at:
                start, end = event.start_mark.index, event.end_mark.index
                kept.append(_no_comment(text[at:start]))
                header, newline, block = text[start:end].partition("\n")
                kept.append((_no_comment(header) if event.style in {"|", ">"} else header) + newline + block)
                at = end
    return "".join([*kept, _no_comment(text[at:])])


def _no_comment(gap: str) -> str:
    return re.sub(r"#[^\n]*", "", gap)
