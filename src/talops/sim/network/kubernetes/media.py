"""What a client would like to read, from its Accept header."""

from enum import Enum


class Form(Enum):
    """JSON objects as they are, printed tables, or aggregated discovery."""

    PLAIN = "plain"
    TABLE = "Table"
    DISCOVERY = "APIGroupDiscoveryList"


def form(accept: str) -> Form | None:
    """The first form in the list that is served; None when there is none."""
    for part in accept.split(","):
        kind, *rest = [word.strip() for word in part.split(";")]
        words = dict(word.split("=", 1) for word in rest if "=" in word)
        if kind not in {"application/json", "application/*", "*/*", "text/plain", ""}:
            continue
        if "as" not in words:
            return Form.PLAIN
        if (words["as"], words.get("g"), words.get("v")) == ("Table", "meta.k8s.io", "v1"):
            return Form.TABLE
        if (words["as"], words.get("g"), words.get("v")) == ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2"):
            return Form.DISCOVERY
    return None
