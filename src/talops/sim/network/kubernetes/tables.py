"""Printed tables: what `kubectl get` shows, made on the server as a real one does."""

from collections.abc import Sequence
from datetime import datetime

from talops.sim.kube.asked import Asked
from talops.sim.kube.objects import Object, Resource, encode
from talops.sim.network.kubernetes.columns import columns_of

_META = "meta.k8s.io/v1"


def is_table(asked: Asked) -> bool:
    """Whether the answer to this request is an object, or a list of them, that can be printed."""
    return asked.verb in {"get", "list"} and not asked.subresource


def of_answer(asked: Asked, answer: Object, now: datetime) -> bytes:
    """The table of a list, or of one object."""
    assert asked.resource is not None
    rows = answer.get("items", [answer])
    return encode(table(asked.resource, asked, rows, now, answer["metadata"])) + b"\n"


def table(
    resource: Resource, asked: Asked, rows: Sequence[Object], now: datetime, metadata: Object, *, headed: bool = True
) -> Object:
    """`headed`: with the columns' names, which a watch sends once."""
    columns = columns_of(resource)
    return {
        "kind": "Table",
        "apiVersion": _META,
        "metadata": {key: value for key, value in metadata.items() if key in {"resourceVersion", "continue"}},
        "columnDefinitions": [
            {
                "name": column.name,
                "type": column.type,
                "format": "name" if column.name == "Name" else "",
                "description": column.name,
                "priority": 1 if column.wide else 0,
            }
            for column in columns
        ]
        if headed
        else None,
        "rows": [
            {"cells": [column.cell(found, now) for column in columns], **_object(found, resource, asked)}
            for found in rows
        ],
    }


def _object(found: Object, resource: Resource, asked: Asked) -> Object:
    """As much of the object as the client asked for beside the cells."""
    match asked.query.get("includeObject", "Metadata"):
        case "None":
            return {}
        case "Object":
            return {"object": {"kind": resource.kind, "apiVersion": resource.api_version, **found}}
        case _:
            return {
                "object": {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": found["metadata"]},
            }
