"""How a sandbox is spoken to: one line of JSON a connection, on a socket in its folder, and one line back."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from talops.errors import TalopsError, UsageError

SOCKET = "control"
_LONGEST = 64 * 1024
_PATIENCE = 5.0

Deeds = Mapping[str, Callable[[Sequence[str]], Awaitable[object]]]
"""What can be asked for, by name. It returns JSON; one that raises TalopsError is refused with its words."""


@asynccontextmanager
async def listening(deeds: Deeds) -> AsyncIterator[None]:
    """In the current folder, so that its path may be as long as it likes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # whoever has gone, or says nothing, gets no answer
        with contextlib.suppress(OSError, ValueError, TimeoutError):
            line = await asyncio.wait_for(reader.readline(), _PATIENCE)
            if line:
                writer.write(json.dumps(await _answer(deeds, line)).encode() + b"\n")
                await asyncio.wait_for(writer.drain(), _PATIENCE)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_unix_server(serve, SOCKET, limit=_LONGEST)
    try:
        yield
    finally:
        server.close()


async def _answer(deeds: Deeds, line: bytes) -> dict[str, object]:
    try:
        asked = json.loads(line)
        deed, words = deeds[asked["do"]], [str(word) for word in asked.get("words", ())]
    except (ValueError, LookupError, TypeError, AttributeError):
        return _refused(UsageError("the sandbox does not understand that: it was started by another version of talops"))
    try:
        return {"ok": await deed(words)}
    except TalopsError as error:
        return _refused(error)


def _refused(error: TalopsError) -> dict[str, object]:
    return {"error": error.what, "hint": error.hint, "exit": int(error.exit)}
