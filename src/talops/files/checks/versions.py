"""Talos and Kubernetes that nobody here has heard of yet."""

from contextlib import suppress

from talops.config.scalar import Place
from talops.config.talconfig import KUBERNETES_OF
from talops.config.tree import text_of
from talops.domain.finding import Finding
from talops.domain.talos import Version
from talops.errors import FilesInvalid
from talops.files.findings import warning
from talops.files.sources import Sources


def newer_talos(sources: Sources, found: Finding) -> Finding | None:
    """What is no error of the files: this talops is older than the Talos that they name. None for anything else."""
    newest = max(KUBERNETES_OF)
    with suppress(ValueError, FilesInvalid):
        wanted = Version.parse(text_of(sources.top.get("talosVersion"), "talosVersion"))
        if found.rule == "talos-version" and wanted.major == 1 and wanted.minor > newest:
            return warning(
                "talos-version",
                Place(found.file, found.line, found.column),
                f"this talops knows Talos up to v1.{newest}: whether {wanted} runs this Kubernetes is not checked",
                "upgrade talops, and talhelper with it",
            )
    return None
