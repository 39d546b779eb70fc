"""Whether talops may write where it has to, and whether git keeps away from what is secret."""

import os
from pathlib import Path

from talops.domain.doctor import Check, bad, ok
from talops.domain.process import Runner
from talops.errors import TalopsError
from talops.tools.git import not_ignored, repository_of, tracked
from talops.tools.homes import is_there
from talops.tools.sops import OWN_KEY

NAME, GIT = "state", "git"
_PLAIN_SECRETS = ("clusterconfig", OWN_KEY, "kubeconfig", "talosconfig")


def state_folder(folder: Path) -> Check:
    """Where journals go. It need not be there yet; nothing is made now."""
    existing = next(place for place in (folder, *folder.parents) if is_there(place))
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return ok(NAME, f"journals go to {folder}")
    why = "may not be written to" if existing.is_dir() else "is no folder"
    return bad(
        NAME, f"journals should go to {folder}, but {existing} {why}", "export XDG_STATE_HOME=/a/folder/of/yours"
    )


def git(runner: Runner, repo: Path) -> Check:
    """Whether git has, or would take, what holds secrets in plain text."""
    if repository_of(repo.absolute()) is None:
        return ok(GIT, "this folder is in no git repository")
    there = [name for name in _PLAIN_SECRETS if is_there(repo / name)]
    try:
        kept = [file for name in there for file in tracked(runner, repo, name) if not file.endswith(".gitignore")]
        found = not_ignored(runner, repo, there) if there else ()
    except TalopsError as error:
        return bad(GIT, error.what, error.hint)
    open_ = [file for file in found if not file.endswith(".gitignore")]
    if kept:
        hint = f"git rm -r --cached {kept[0]}   # and then change these secrets: they stay in its history"
        return bad(GIT, f"git has secrets in plain text: {', '.join(kept[:4])}", hint)
    if open_:
        return bad(
            GIT, f"git does not ignore {', '.join(open_[:4])}", f"echo /{open_[0].partition('/')[0]} >> .gitignore"
        )
    return ok(GIT, f"git ignores {', '.join(there)}" if there else "there is nothing that git must not see")
