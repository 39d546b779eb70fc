"""The keys that the installed talhelper knows, asked once and remembered for as long as that program is there."""

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from talops.config.keys import Keys, built_in, keys_of
from talops.domain.process import Runner
from talops.files.stamp import of_program
from talops.tools.homes import expanded
from talops.tools.talhelper import json_schema


def known_keys(runner: Runner, talhelper: str, environ: Mapping[str, str]) -> Keys:
    """By its own schema; by a table of ours where there is no talhelper, or one that prints none."""
    program = of_program(talhelper, environ)
    if not program:
        return built_in()
    kept = _cache(environ) / f"talhelper-schema-{hashlib.sha256(program.encode()).hexdigest()[:16]}.json"
    with suppress(OSError, ValueError):
        remembered = keys_of(kept.read_text(encoding="utf-8"))
        if remembered is not None:
            return remembered
    schema = json_schema(runner, talhelper)
    found = keys_of(schema) if schema is not None else None
    if schema is None or found is None:
        return built_in()
    with suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_suffix(f".{os.getpid()}")
        fresh.write_text(schema, encoding="utf-8")
        fresh.replace(kept)
    return found


def _cache(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("XDG_CACHE_HOME") or expanded("~/.cache")) / "talops"
