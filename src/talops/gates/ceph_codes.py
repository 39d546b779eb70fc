"""What each health code of Ceph means for taking a node down. A table, judged by code and never by severity.

Severity misleads in both directions: some codes are HEALTH_ERR although every copy of the data is there, and a muted
check leaves the health at HEALTH_OK.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Weight(Enum):
    """How much a code weighs. STANDING blocks unless the policy allows it by name; BLOCKS can never be allowed."""

    BLOCKS = "blocks"
    STANDING = "blocks unless allowed"
    NOTED = "noted"
    UNANSWERED = "Ceph did not answer"
    OSD_MAP_FLAGS = "depends on the flags"
    OSD_FLAGS = "depends on Rook"
    CRASHES = "blocks when there are more"


@dataclass(frozen=True, slots=True)
class Row:
    weight: Weight
    why: str
    codes: str


BASELINE = "BASELINE"
"""In the policy's list of allowed codes: every STANDING code that stood when the run began may go on standing."""

HARMLESS_FLAGS = frozenset({"noout", "noscrub", "nodeep-scrub", "nosnaptrim", "notieragent", "noautoscale"})

TABLE = (
    Row(Weight.UNANSWERED, "Rook could not ask Ceph", "error"),
    Row(Weight.BLOCKS, "monitors are missing: one more may end their quorum", "MON_DOWN MON_NETSPLIT MON_DISK_CRIT"),
    Row(Weight.BLOCKS, "monitors disagree on the time, as they do just after a boot", "MON_CLOCK_SKEW"),
    Row(Weight.BLOCKS, "without a manager what is said about placement groups is old", "MGR_DOWN"),
    Row(Weight.BLOCKS, "redundancy is lost", "OSD_DOWN OSD_HOST_DOWN OSD_UNREACHABLE TOO_FEW_OSDS"),
    Row(
        Weight.BLOCKS,
        "recovery has no room to finish",
        "OSD_FULL OSD_BACKFILLFULL PG_RECOVERY_FULL PG_BACKFILL_FULL",
    ),
    Row(
        Weight.BLOCKS,
        "not all data is whole and redundant",
        "PG_AVAILABILITY PG_DEGRADED PG_DAMAGED OBJECT_UNFOUND OSD_SCRUB_ERRORS",
    ),
    Row(Weight.BLOCKS, "an OSD may not survive a restart", "DEVICE_HEALTH_TOOMANY BLUESTORE_DISK_SIZE_MISMATCH"),
    Row(Weight.BLOCKS, "the cluster is struggling", "SLOW_OPS"),
    Row(
        Weight.BLOCKS,
        "a file system is down or degraded",
        "MDS_ALL_DOWN MDS_UP_LESS_THAN_MAX FS_DEGRADED FS_WITH_FAILED_MDS MDS_DAMAGE MDS_HEALTH_READ_ONLY",
    ),
    Row(Weight.OSD_MAP_FLAGS, "", "OSDMAP_FLAGS"),
    Row(Weight.OSD_FLAGS, "", "OSD_FLAGS"),
    Row(Weight.CRASHES, "", "RECENT_CRASH"),
    Row(Weight.STANDING, "a manager module has failed", "MGR_MODULE_ERROR"),
    Row(Weight.STANDING, "OSDs are set up wrongly", "OSD_ORPHAN OSD_OUT_OF_ORDER_FULL"),
    Row(Weight.STANDING, "if the node were lost, the others might fill up", "OSD_NEARFULL POOL_FULL"),
    Row(Weight.STANDING, "data is still moving", "OBJECT_MISPLACED SMALLER_PGP_NUM"),
    Row(
        Weight.STANDING,
        "a disk may be failing: its peers are needed",
        "OSD_TOO_MANY_REPAIRS DEVICE_HEALTH DEVICE_HEALTH_IN_USE BLUESTORE_SPURIOUS_READ_ERRORS",
    ),
    Row(Weight.STANDING, "a pool of one copy goes offline with its host", "POOL_NO_REDUNDANCY"),
    Row(Weight.STANDING, "the network between OSDs is slow", "OSD_SLOW_PING_TIME_FRONT OSD_SLOW_PING_TIME_BACK"),
    Row(Weight.STANDING, "an upgrade of Ceph is stuck", "DAEMON_OLD_VERSION"),
    Row(
        Weight.STANDING,
        "the next failover of a file system would take long",
        "MDS_INSUFFICIENT_STANDBY MDS_TRIM MDS_SLOW_REQUEST MDS_SLOW_METADATA_IO",
    ),
    Row(
        Weight.NOTED,
        "monitors: nothing that a reboot makes worse",
        "MON_DISK_LOW MON_DISK_BIG MON_MSGR2_NOT_ENABLED",
    ),
    Row(Weight.NOTED, "manager modules", "RECENT_MGR_MODULE_CRASH MGR_MODULE_DEPENDENCY"),
    Row(Weight.NOTED, "a quota is near", "POOL_NEAR_FULL POOL_NEARFULL"),
    Row(
        Weight.NOTED,
        "standing advice about the store",
        "BLUESTORE_SLOW_OP_ALERT BLUEFS_SPILLOVER BLUEFS_LOW_SPACE BLUESTORE_FRAGMENTATION BLUESTORE_LEGACY_STATFS "
        "BLUESTORE_NO_PER_POOL_OMAP BLUESTORE_NO_PER_PG_OMAP BLUESTORE_NO_COMPRESSION OSD_FILESTORE",
    ),
    Row(Weight.NOTED, "with a host down the others may reach their limit of placement groups", "TOO_MANY_PGS"),
    Row(
        Weight.NOTED,
        "tuning",
        "TOO_FEW_PGS POOL_TOO_FEW_PGS POOL_TOO_MANY_PGS POOL_PG_NUM_NOT_POWER_OF_TWO MANY_OBJECTS_PER_PG "
        "POOL_TARGET_SIZE_BYTES_OVERCOMMITTED POOL_HAS_TARGET_SIZE_BYTES_AND_RATIO POOL_APP_NOT_ENABLED "
        "LARGE_OMAP_OBJECTS OSD_NO_SORTBITWISE OSD_NO_DOWN_OUT_INTERVAL",
    ),
    Row(
        Weight.NOTED,
        "to be expected during a long rollout",
        "PG_NOT_SCRUBBED PG_NOT_DEEP_SCRUBBED PG_SLOW_SNAP_TRIMMING OSD_UPGRADE_FINISHED TELEMETRY_CHANGED",
    ),
    Row(
        Weight.NOTED,
        "security, not availability",
        "AUTH_INSECURE_GLOBAL_ID_RECLAIM AUTH_INSECURE_GLOBAL_ID_RECLAIM_ALLOWED AUTH_INSECURE_KEYS_ALLOWED "
        "AUTH_INSECURE_KEYS_CREATABLE AUTH_INSECURE_CLIENT_KEY_TYPE AUTH_INSECURE_SERVICE_KEY_TYPE "
        "AUTH_INSECURE_ROTATING_SERVICE_KEY_TYPE AUTH_INSECURE_SERVICE_TICKETS AUTH_EMERGENCY_CIPHERS_SET "
        "AUTH_BAD_CAPS",
    ),
    Row(
        Weight.NOTED,
        "a client misbehaves",
        "MDS_CLIENT_RECALL MDS_CLIENT_LATE_RELEASE MDS_CLIENT_OLDEST_TID MDS_CLIENTS_LAGGY MDS_CACHE_OVERSIZED "
        "MDS_CLIENTS_BROKEN_ROOTSQUASH FS_INLINE_DATA_DEPRECATED",
    ),
)

PATTERNS = (
    (re.compile(r"OSD_[A-Z]+_DOWN"), Row(Weight.BLOCKS, "redundancy is lost", "")),
    (re.compile(r"\w+_STRETCH_MODE"), Row(Weight.BLOCKS, "the stretched cluster is lopsided", "")),
    (re.compile(r"\w+_STALLED_READ_ALERT"), Row(Weight.NOTED, "standing advice about the store", "")),
    (re.compile(r"(CACHE_POOL|OLD_CRUSH)_\w+"), Row(Weight.NOTED, "tuning", "")),
)

ROWS: Mapping[str, Row] = {code: row for row in TABLE for code in row.codes.split()}
UNHEARD_OF = Row(Weight.STANDING, "talops does not know this code", "")


def row_of(code: str) -> Row:
    """The row of this code; of one that nobody has heard of, a row that blocks unless the policy allows it."""
    return ROWS.get(code) or next((row for pattern, row in PATTERNS if pattern.fullmatch(code)), UNHEARD_OF)


def flags_of(message: str) -> frozenset[str]:
    """`noout,norebalance flag(s) set` as a set; empty when it reads otherwise."""
    match = re.match(r"\s*([a-z][a-z,_-]*) flag", message)
    return frozenset(flag for flag in match[1].split(",") if flag) if match else frozenset()


def first_number(message: str) -> int | None:
    """`2 daemons have recently crashed` is 2."""
    match = re.match(r"\s*(\d+)\b", message)
    return int(match[1]) if match else None
