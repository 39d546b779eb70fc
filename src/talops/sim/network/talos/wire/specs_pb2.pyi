from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ResourceDefinition(_message.Message):
    __slots__ = ("resource_type", "display_type", "default_namespace", "aliases", "all_aliases", "print_columns", "sensitivity")
    class Column(_message.Message):
        __slots__ = ("name", "json_path")
        NAME_FIELD_NUMBER: _ClassVar[int]
        JSON_PATH_FIELD_NUMBER: _ClassVar[int]
        name: str
        json_path: str
        def __init__(self, name: _Optional[str] = ..., json_path: _Optional[str] = ...) -> None: ...
    RESOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_TYPE_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    ALL_ALIASES_FIELD_NUMBER: _ClassVar[int]
    PRINT_COLUMNS_FIELD_NUMBER: _ClassVar[int]
    SENSITIVITY_FIELD_NUMBER: _ClassVar[int]
    resource_type: str
    display_type: str
    default_namespace: str
    aliases: _containers.RepeatedScalarFieldContainer[str]
    all_aliases: _containers.RepeatedScalarFieldContainer[str]
    print_columns: _containers.RepeatedCompositeFieldContainer[ResourceDefinition.Column]
    sensitivity: int
    def __init__(self, resource_type: _Optional[str] = ..., display_type: _Optional[str] = ..., default_namespace: _Optional[str] = ..., aliases: _Optional[_Iterable[str]] = ..., all_aliases: _Optional[_Iterable[str]] = ..., print_columns: _Optional[_Iterable[_Union[ResourceDefinition.Column, _Mapping]]] = ..., sensitivity: _Optional[int] = ...) -> None: ...

class NetIP(_message.Message):
    __slots__ = ("ip",)
    IP_FIELD_NUMBER: _ClassVar[int]
    ip: bytes
    def __init__(self, ip: _Optional[bytes] = ...) -> None: ...

class MemberSpec(_message.Message):
    __slots__ = ("node_id", "addresses", "hostname", "machine_type", "operating_system", "control_plane")
    class ControlPlane(_message.Message):
        __slots__ = ("api_server_port",)
        API_SERVER_PORT_FIELD_NUMBER: _ClassVar[int]
        api_server_port: int
        def __init__(self, api_server_port: _Optional[int] = ...) -> None: ...
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    MACHINE_TYPE_FIELD_NUMBER: _ClassVar[int]
    OPERATING_SYSTEM_FIELD_NUMBER: _ClassVar[int]
    CONTROL_PLANE_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    addresses: _containers.RepeatedCompositeFieldContainer[NetIP]
    hostname: str
    machine_type: int
    operating_system: str
    control_plane: MemberSpec.ControlPlane
    def __init__(self, node_id: _Optional[str] = ..., addresses: _Optional[_Iterable[_Union[NetIP, _Mapping]]] = ..., hostname: _Optional[str] = ..., machine_type: _Optional[int] = ..., operating_system: _Optional[str] = ..., control_plane: _Optional[_Union[MemberSpec.ControlPlane, _Mapping]] = ...) -> None: ...

class MachineConfigSpec(_message.Message):
    __slots__ = ("yaml_marshalled",)
    YAML_MARSHALLED_FIELD_NUMBER: _ClassVar[int]
    yaml_marshalled: bytes
    def __init__(self, yaml_marshalled: _Optional[bytes] = ...) -> None: ...

class MachineStatusSpec(_message.Message):
    __slots__ = ("stage", "status")
    class Unmet(_message.Message):
        __slots__ = ("name", "reason")
        NAME_FIELD_NUMBER: _ClassVar[int]
        REASON_FIELD_NUMBER: _ClassVar[int]
        name: str
        reason: str
        def __init__(self, name: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...
    class Status(_message.Message):
        __slots__ = ("ready", "unmet_conditions")
        READY_FIELD_NUMBER: _ClassVar[int]
        UNMET_CONDITIONS_FIELD_NUMBER: _ClassVar[int]
        ready: bool
        unmet_conditions: _containers.RepeatedCompositeFieldContainer[MachineStatusSpec.Unmet]
        def __init__(self, ready: _Optional[bool] = ..., unmet_conditions: _Optional[_Iterable[_Union[MachineStatusSpec.Unmet, _Mapping]]] = ...) -> None: ...
    STAGE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    stage: int
    status: MachineStatusSpec.Status
    def __init__(self, stage: _Optional[int] = ..., status: _Optional[_Union[MachineStatusSpec.Status, _Mapping]] = ...) -> None: ...

class ServiceSpec(_message.Message):
    __slots__ = ("running", "healthy", "unknown")
    RUNNING_FIELD_NUMBER: _ClassVar[int]
    HEALTHY_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    running: bool
    healthy: bool
    unknown: bool
    def __init__(self, running: _Optional[bool] = ..., healthy: _Optional[bool] = ..., unknown: _Optional[bool] = ...) -> None: ...

class NodenameSpec(_message.Message):
    __slots__ = ("nodename", "hostname_version")
    NODENAME_FIELD_NUMBER: _ClassVar[int]
    HOSTNAME_VERSION_FIELD_NUMBER: _ClassVar[int]
    nodename: str
    hostname_version: str
    def __init__(self, nodename: _Optional[str] = ..., hostname_version: _Optional[str] = ...) -> None: ...

class KubeletSpec(_message.Message):
    __slots__ = ("image", "args", "expected_nodename", "config")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    ARGS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_NODENAME_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    image: str
    args: _containers.RepeatedScalarFieldContainer[str]
    expected_nodename: str
    config: _struct_pb2.Struct
    def __init__(self, image: _Optional[str] = ..., args: _Optional[_Iterable[str]] = ..., expected_nodename: _Optional[str] = ..., config: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class PodSpec(_message.Message):
    __slots__ = ("pod",)
    POD_FIELD_NUMBER: _ClassVar[int]
    pod: _struct_pb2.Struct
    def __init__(self, pod: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class EtcdMemberSpec(_message.Message):
    __slots__ = ("member_id",)
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    member_id: str
    def __init__(self, member_id: _Optional[str] = ...) -> None: ...

class VolumeStatusSpec(_message.Message):
    __slots__ = ("location", "parent_location", "size")
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    PARENT_LOCATION_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    location: str
    parent_location: str
    size: int
    def __init__(self, location: _Optional[str] = ..., parent_location: _Optional[str] = ..., size: _Optional[int] = ...) -> None: ...

class BootstrapManifestsSpec(_message.Message):
    __slots__ = ("cni_name",)
    CNI_NAME_FIELD_NUMBER: _ClassVar[int]
    cni_name: str
    def __init__(self, cni_name: _Optional[str] = ...) -> None: ...

class DiagnosticSpec(_message.Message):
    __slots__ = ("message", "details")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    message: str
    details: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, message: _Optional[str] = ..., details: _Optional[_Iterable[str]] = ...) -> None: ...

class APIServerConfigSpec(_message.Message):
    __slots__ = ("image",)
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    image: str
    def __init__(self, image: _Optional[str] = ...) -> None: ...

class ComponentConfigSpec(_message.Message):
    __slots__ = ("enabled", "image")
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    enabled: bool
    image: str
    def __init__(self, enabled: _Optional[bool] = ..., image: _Optional[str] = ...) -> None: ...
