"""Picture servers on this machine that misbehave as they are told, as a shop's hosts would unasked."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, Self

Manner = Literal["good", "slow", "hanging", "stumbling", "garbage"]
Served = tuple[int, dict[str, str], bytes]  # status, headers, body


class PictureHost:
    """One host at 127.0.0.1, while the `with` block lasts. It counts what it is asked for.

    picture: the bytes behind a path, None for a 404. A "slow" host waits `delay_s` before each answer, a "hanging"
    one takes the connection and never answers, a "stumbling" one says 503 to every third request, and "garbage"
    comes with status 200 and the type of a picture. With `validators` it gives an ETag and answers 304.
    answer: has the first word on each request, by path and headers; None lets the rest of this take its course.
    """

    def __init__(
        self,
        picture: Callable[[str], bytes | None],
        *,
        manner: Manner = "good",
        delay_s: float = 0.5,
        validators: bool = True,
        answer: Callable[[str, dict[str, str]], Served | None] = lambda path, headers: None,
    ) -> None:
        self._picture = picture
        self._answer = answer
        self.manner = manner
        self.delay_s = delay_s
        self.validators = validators
        self.statuses: Counter[int] = Counter()
        self.paths: Counter[str] = Counter()
        self.bytes_sent = 0  # of bodies
        self.connections = 0
        self.most_at_once = 0
        self._at_once = 0

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._never = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, name="picture host", daemon=True)
        self._thread.start()
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 20, backlog=512)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        self.port = int(self._server.sockets[0].getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *exception: object) -> None:
        asyncio.run_coroutine_threadsafe(self._wind_up(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _wind_up(self) -> None:
        self._server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                path = request[0].split(" ")[1]
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in request[1:])}
                self._at_once += 1
                self.most_at_once = max(self.most_at_once, self._at_once)
                try:
                    status, more, body = await self._respond(path, headers)
                finally:
                    self._at_once -= 1
                self.statuses[status] += 1
                self.bytes_sent += len(body)
                lines = [f"HTTP/1.1 {status} As It Is", *(f"{k}: {v}" for k, v in more.items())]
                if not {"Content-Length", "Transfer-Encoding"} & more.keys() and status != 304:
                    lines.append(f"Content-Length: {len(body)}")
                writer.write("\r\n".join([*lines, "\r\n"]).encode("latin-1") + body)
                await writer.drain()
                if more.get("Connection") == "close":
                    break
        writer.close()

    async def _respond(self, path: str, headers: dict[str, str]) -> Served:
        self.paths[path] += 1
        if (special := self._answer(path, headers)) is not None:
            return special
        if self.manner == "hanging":
            await self._never.wait()
        if self.manner == "slow":
            await asyncio.sleep(self.delay_s)
        if self.manner == "stumbling" and sum(self.paths.values()) % 3 == 0:
            return 503, {}, b"come again"
        body = self._picture(path)
        if body is None:
            return 404, {}, b"no such picture"
        if self.manner == "garbage":
            body = b"\x01\x02 nothing that can be seen" + path.encode()
        tag = f'"{hashlib.sha1(body, usedforsecurity=False).hexdigest()}"'
        if self.validators and headers.get("if-none-match") == tag:
            return 304, {"ETag": tag}, b""
        return 200, {"Content-Type": "image/jpeg", **({"ETag": tag} if self.validators else {})}, body
