#!/bin/sh
# The logic of a task that operators write today, for comparison: one node after the other, in the order that is given.
# Arguments: the version, then for each node its address and its image.
set -eu
version=$1
shift
while [ $# -gt 0 ]; do
    address=$1 image=$2
    shift 2
    if talosctl -n "$address" version --short | grep -q "Tag:.*$version"; then
        continue
    fi
    kubectl -n rook-ceph wait cephcluster/rook-ceph --for=jsonpath='{.status.ceph.health}'=HEALTH_OK --timeout=10m
    kubectl -n database wait cluster.postgresql.cnpg.io/postgres --for=jsonpath='{.status.readyInstances}'=3 --timeout=10m
    talosctl -n "$address" upgrade --image "$image"
done
