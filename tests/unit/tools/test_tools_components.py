"""The pods that Kubernetes consists of, as the API lists them."""

import json

import pytest

from talops.domain.components import Component
from talops.domain.process import Response
from talops.domain.talos import Unknown, Version
from talops.tools.components import component_pods, image_parts


def a_pod(app: str, image: str, *, namespace: str = "kube-system", container: str = "") -> dict[str, object]:
    return {
        "metadata": {"name": f"{app}-cp-1", "namespace": namespace, "labels": {"k8s-app": app}},
        "spec": {"nodeName": "cp-1", "containers": [{"name": container or app, "image": image}]},
    }


def listed(*pods: dict[str, object]) -> Response:
    return Response(status=200, body=json.dumps({"kind": "PodList", "apiVersion": "v1", "items": pods}).encode())


@pytest.mark.parametrize(
    ("image", "repository", "tag"),
    [
        ("registry.k8s.io/kube-apiserver:v1.35.4", "registry.k8s.io/kube-apiserver", "v1.35.4"),
        ("registry.k8s.io/kube-apiserver:v1.35.4@sha256:abc", "registry.k8s.io/kube-apiserver", "v1.35.4"),
        ("mirror.example:5000/k8s/kube-apiserver:v1.35.4", "mirror.example:5000/k8s/kube-apiserver", "v1.35.4"),
        ("mirror.example:5000/k8s/kube-apiserver", "mirror.example:5000/k8s/kube-apiserver", ""),
        ("kube-apiserver:v1.35.4-fat", "kube-apiserver", "v1.35.4-fat"),
        ("", "", ""),
    ],
)
def test_an_image_has_a_repository_and_a_tag_whatever_port_or_digest(image: str, repository: str, tag: str) -> None:
    assert image_parts(image) == (repository, tag)


def test_a_component_is_told_by_its_label_its_namespace_and_its_container() -> None:
    found = component_pods(
        listed(
            a_pod("kube-apiserver", "registry.k8s.io/kube-apiserver:v1.35.4"),
            a_pod("kube-proxy", "registry.k8s.io/kube-proxy:v1.35.2"),
            a_pod("kube-apiserver", "example/tool:v9.9.9", namespace="tools"),
            a_pod("kube-scheduler", "example/sidecar:v9.9.9", container="sidecar"),
            a_pod("coredns", "registry.k8s.io/coredns:v1.11.0"),
        )
    )

    assert isinstance(found, tuple)
    assert [(pod.component, pod.version) for pod in found if pod is not None] == [
        (Component.API_SERVER, Version.parse("v1.35.4")),
        (Component.PROXY, Version.parse("v1.35.2")),
    ]


@pytest.mark.parametrize("image", ["example/kube-apiserver@sha256:abc", "example/kube-apiserver:latest"])
def test_an_image_without_a_version_is_unknown_and_not_none(image: str) -> None:
    found = component_pods(listed(a_pod("kube-apiserver", image)))

    assert isinstance(found, tuple)
    assert found[0] is not None
    assert isinstance(found[0].version, Unknown)


@pytest.mark.parametrize(
    "reply",
    [
        Response(status=None, error="connection refused"),
        Response(status=403, body=b'{"kind":"Status","message":"forbidden"}'),
        Response(status=200, body=b'{"kind":"PodList"'),
        Response(status=200, body=b'{"kind":"NodeList","items":[]}'),
    ],
)
def test_what_is_no_list_of_pods_is_unknown(reply: Response) -> None:
    assert isinstance(component_pods(reply), Unknown)
