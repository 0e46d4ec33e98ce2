"""A phone: headless Chromium of 390 x 844, driven over its own protocol, with a virtual authenticator in it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import aiohttp

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
WIDE, HIGH = 390, 844


class Phone:
    """One tab. `do` sends a command, `js` evaluates, `go` loads."""

    def __init__(self, process: subprocess.Popen[bytes], session: aiohttp.ClientSession, socket: Any) -> None:
        self._process, self._session, self._socket = process, session, socket
        self._n = 0
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self.said: list[dict[str, Any]] = []
        """Events: what the console and the network said."""
        self._reading = asyncio.ensure_future(self._read())
        self.authenticator = ""

    @staticmethod
    async def start(folder: Path) -> Phone:
        assert CHROMIUM is not None
        process = subprocess.Popen(
            [CHROMIUM, "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={folder}", "--no-first-run",
             "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-proxy-server",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            port = await _port(folder / "DevToolsActivePort", process)
            session = aiohttp.ClientSession()
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                tab = next(one for one in await answer.json() if one["type"] == "page")
            socket = await session.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        phone = Phone(process, session, socket)
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            await phone.do(f"{domain}.enable")
        await phone.size(HIGH)
        return phone

    async def size(self, high: int, *, wide: int = WIDE, dark: bool = False) -> None:
        await self.do("Emulation.setDeviceMetricsOverride", width=wide, height=high, deviceScaleFactor=2, mobile=True)
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        await self.do("Emulation.setEmulatedMedia", features=features)

    async def with_authenticator(self, *, verified: bool = True) -> None:
        """A passkey holder as phones have one; `verified`: whether its finger or face fits."""
        await self.do("WebAuthn.enable")
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": verified, "automaticPresenceSimulation": True,
        }  # fmt: skip
        self.authenticator = (await self.do("WebAuthn.addVirtualAuthenticator", options=options))["authenticatorId"]

    async def do(self, method: str, **params: Any) -> Any:
        self._n += 1
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[self._n] = answer
        await self._socket.send_json({"id": self._n, "method": method, "params": params})
        return await asyncio.wait_for(answer, 30)

    async def js(self, text: str) -> Any:
        found = await self.do("Runtime.evaluate", expression=text, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    async def go(self, url: str) -> None:
        await self.do("Page.navigate", url=url)
        await self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    async def until(self, condition: str, within_s: float = 15.0) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + within_s
        while loop.time() < end:
            with contextlib.suppress(AssertionError, RuntimeError):  # a page that is being left answers nothing
                if await self.js(f"Boolean({condition})"):
                    return
            await asyncio.sleep(0.05)
        raise AssertionError(f"never came true: {condition}\n{await self.text()}")

    async def click(self, selector: str) -> None:
        """Touch it where it is, as a finger does."""
        await self.until(f"document.readyState === 'complete' && document.querySelector({json.dumps(selector)})")
        await asyncio.sleep(0.15)  # what was not drawn yet takes no touch
        where = await self.js(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center'}});"
            " const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.do("Input.dispatchMouseEvent", type=kind, x=where[0], y=where[1], button="left", clickCount=1)

    async def type(self, selector: str, text: str) -> None:
        await self.js(f"document.querySelector({json.dumps(selector)}).focus()")
        await self.do("Input.insertText", text=text)

    async def text(self) -> str:
        return str(await self.js("document.body.innerText"))

    async def picture(self, file: Path, *, whole: bool = True) -> Path:
        found = await self.do("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(found["data"]))
        return file

    async def close(self) -> None:
        self._reading.cancel()
        with contextlib.suppress(Exception):
            await self._socket.close()
        await self._session.close()
        self._process.kill()
        self._process.wait()

    async def _read(self) -> None:
        async for message in self._socket:
            found = json.loads(message.data)
            if "id" not in found:
                self.said.append(found)
                continue
            answer = self._waiting.pop(found["id"], None)
            if answer is not None and not answer.done():
                if "error" in found:
                    answer.set_exception(RuntimeError(found["error"]["message"]))
                else:
                    answer.set_result(found["result"])


async def _port(file: Path, process: subprocess.Popen[bytes]) -> int:
    for _ in range(400):
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int(file.read_text().splitlines()[0])
        assert process.poll() is None, "Chromium ended at its start"
        await asyncio.sleep(0.05)
    raise AssertionError("Chromium did not say its port")
