"""The schemas of CustomResourceDefinitions, made strict: what an API server would prune is an error here."""

from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator
from ruamel.yaml import YAML

from corpus import corpus

_ANYTHING = "x-kubernetes-preserve-unknown-fields"
_NUMBER_OR_TEXT = "x-kubernetes-int-or-string"


@lru_cache
def validator(file: str, kind: str) -> Validator:
    """For objects of this kind as version v1 serves them."""
    path = corpus("crds", f"{file}.yaml")
    for document in YAML(typ="safe").load_all(path.read_text()):
        if document and document["spec"]["names"]["kind"] == kind:
            version = next(one for one in document["spec"]["versions"] if one["name"] == "v1")
            assert version["served"]
            schema = strict(version["schema"]["openAPIV3Schema"])
            # every object has these, and no CRD may describe them
            schema["properties"]["metadata"] = {"type": "object", "required": ["name", "uid", "resourceVersion"]}
            return Draft202012Validator(schema)
    raise LookupError(f"{file} defines no {kind}")


def strict(schema: Any) -> Any:
    """OpenAPI as structural schemas use it, in JSON Schema: `nullable`, numbers or text, and no unknown key."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: strict(value) for key, value in schema.items() if key not in {"properties", "default", "format"}}
    if "properties" in schema:
        found["properties"] = {name: strict(value) for name, value in schema["properties"].items()}
        if not schema.get(_ANYTHING) and "additionalProperties" not in schema and "type" in schema:
            found["additionalProperties"] = False
    if schema.get(_NUMBER_OR_TEXT):
        found.pop("type", None)
    if schema.get("nullable") and "type" in found:
        found["type"] = [found["type"], "null"]
    return found


def complaints(found: Any, file: str, kind: str) -> list[str]:
    """Everything that a server with this CRD would refuse or drop."""
    errors = validator(file, kind).iter_errors(found)
    return sorted(f"{error.json_path}: {error.message[:200]}" for error in errors)
