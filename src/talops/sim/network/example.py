"""A cluster to practise on for whoever has none: six nodes, no secrets, in talhelper's own format."""

TALCONFIG = """\
# An example cluster of `talops sandbox`. It is made anew whenever that is started.
clusterName: example
talosVersion: v1.13.2
kubernetesVersion: v1.35.4
endpoint: https://10.20.0.10:6443
controlPlane:
  schematic:
    customization:
      systemExtensions:
        officialExtensions: [siderolabs/qemu-guest-agent]
worker:
  schematic:
    customization:
      systemExtensions:
        officialExtensions: [siderolabs/iscsi-tools, siderolabs/qemu-guest-agent, siderolabs/util-linux-tools]
nodes:
  - hostname: cp-1
    ipAddress: 10.20.0.11
    controlPlane: true
    installDisk: /dev/sda
    networkInterfaces: &control-plane-network
      - interface: eth0
        dhcp: true
        vip:
          ip: 10.20.0.10
  - hostname: cp-2
    ipAddress: 10.20.0.12
    controlPlane: true
    installDisk: /dev/sda
    networkInterfaces: *control-plane-network
  - hostname: cp-3
    ipAddress: 10.20.0.13
    controlPlane: true
    installDisk: /dev/sda
    networkInterfaces: *control-plane-network
  - {hostname: w-1, ipAddress: 10.20.0.21, controlPlane: false, installDisk: /dev/sda}
  - {hostname: w-2, ipAddress: 10.20.0.22, controlPlane: false, installDisk: /dev/sda}
  - {hostname: w-3, ipAddress: 10.20.0.23, controlPlane: false, installDisk: /dev/sda}
"""
