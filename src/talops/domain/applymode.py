"""How a node takes a machine config. A module of its own: every command loads it."""

from enum import StrEnum


class ApplyMode(StrEnum):
    """How a node takes a config, in talosctl's words."""

    NO_REBOOT = "no-reboot"
    """Now, and for the next boot; refused when a change needs a reboot."""
    REBOOT = "reboot"
    """For the next boot, which begins at once."""
    STAGED = "staged"
    """For the next boot, whenever that is."""
    AUTO = "auto"
    """Without a reboot if that is possible, else with one."""
    TRY = "try"
    """Now, and not for the next boot; it goes back by itself."""
