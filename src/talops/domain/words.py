"""How times and numbers are said, on a screen and in a sentence. Pure."""

from datetime import timedelta


def duration(time: timedelta | float) -> str:
    """`9s`, `3m54s` or `1h02m`: as exact as a person needs it. Never negative."""
    seconds = max(0, round(time.total_seconds() if isinstance(time, timedelta) else time))
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m{seconds % 60:02}s"
    return f"{seconds // 3600}h{seconds % 3600 // 60:02}m"


def span(time: timedelta | float) -> str:
    """`45 seconds`, `15 minutes`, `1 hour and 5 minutes`: in a sentence, where a second more or less says nothing."""
    seconds = max(0, round(time.total_seconds() if isinstance(time, timedelta) else time))
    if seconds < 120:
        return count(seconds, "second")
    minutes = round(seconds / 60)
    if minutes < 60:
        return count(minutes, "minute")
    hours, rest = divmod(minutes, 60)
    return count(hours, "hour") + (f" and {count(rest, 'minute')}" if rest else "")


def count(number: int, one: str, many: str = "") -> str:
    """`1 member`, `3 members`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def size(bytes: int) -> str:
    """`23 MB`, as talosctl says it: two digits, in powers of 1000."""
    number, units = float(bytes), ["B", "kB", "MB", "GB", "TB"]
    while number >= 1000 and len(units) > 1:
        number, units = number / 1000, units[1:]
    return f"{number:.1f} {units[0]}" if number < 10 and units[0] != "B" else f"{number:.0f} {units[0]}"
