"""Colours of a terminal, by what they say; none where nobody sees them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paint:
    on: bool

    def bold(self, text: str) -> str:
        return self._in("1", text)

    def red(self, text: str) -> str:
        return self._in("31", text)

    def green(self, text: str) -> str:
        return self._in("32", text)

    def yellow(self, text: str) -> str:
        return self._in("33", text)

    def magenta(self, text: str) -> str:
        return self._in("35", text)

    def plain(self, text: str) -> str:
        return text

    def signed(self, sign: str, text: str) -> str:
        """As what comes, goes or changes."""
        return {"+": self.green, "-": self.red, "~": self.yellow}.get(sign, self.plain)(text)

    def _in(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.on and text else text
