"""Fields that a rollout does not look at must have their kind, too: talhelper 3.1.16 takes and refuses the same."""

import pytest

from talops.config.compose import parse
from talops.config.shape import check_shape
from talops.config.tree import Mapping
from talops.errors import FilesInvalid


def mapping(text: str) -> Mapping:
    tree = parse(text, "talconfig.yaml")
    assert isinstance(tree, Mapping)
    return tree


@pytest.mark.parametrize(
    ("top", "node"),
    [
        ("{}", "{}"),
        ("{unknown: [a]}", "{unknown: {a: b}}"),
        ("{clusterPodNets: ~, domain: 5, cniConfig: {}}", "{nameservers: [1.1.1.1, ~], nodeLabels: {a: 5}}"),
        ("{allowSchedulingOnMasters: yes}", "{ignoreHostname: off, volumes: [~, {a: b}]}"),
        ("{controlPlane: {networkInterfaces: []}, worker: ~}", "{networkInterfaces: [{interface: eth0}]}"),
    ],
)
def test_right_kinds_are_taken(top: str, node: str) -> None:
    found = mapping(top)
    check_shape(found, [mapping(node)])
    assert found == mapping(top)


@pytest.mark.parametrize(
    ("top", "node", "told"),
    [
        ("{clusterPodNets: 10.0.0.0/8}", "{}", "1:18: `clusterPodNets` must be a list, not a text"),
        ("{patches: [{a: b}]}", "{}", "1:12: `patches` must be a text, not a mapping"),
        ("{allowSchedulingOnMasters: 1}", "{}", "1:28: `allowSchedulingOnMasters` must be true or false, not '1'"),
        ("{domain: [a]}", "{}", "1:10: `domain` must be a text, not a list"),
        ("{controlPlane: x}", "{}", "1:16: `controlPlane` must be a mapping, not a text"),
        ("{worker: {nodeLabels: []}}", "{}", "1:23: `nodeLabels` must be a mapping, not a list"),
        ("{}", "{nameservers: 1.1.1.1}", "1:15: `nameservers` must be a list, not a text"),
        ("{}", "{userVolumes: [x]}", "1:16: `userVolumes`[0] must be a mapping, not a text"),
        ("{}", "{ignoreHostname: 'true'}", "1:18: `ignoreHostname` must be true or false, not 'true'"),
    ],
)
def test_a_wrong_kind_is_refused_with_its_place(top: str, node: str, told: str) -> None:
    with pytest.raises(FilesInvalid) as refused:
        check_shape(mapping(top), [mapping(node)])
    assert refused.value.what == f"talconfig.yaml:{told}"
