"""A headless Chromium, spoken to through its DevTools protocol over a pipe: no driver and no library."""

import base64
import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--hide-scrollbars",
)


class Browser:
    """One page at a time; what it complains of is in `complaints`."""

    def __init__(self, profile: Path) -> None:
        assert CHROMIUM
        (read, to_browser), (from_browser, write) = os.pipe(), os.pipe()

        command = [CHROMIUM, *OPTIONS, f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank"]
        pipes = f"exec 3<&{read} 4>&{write}; exec {shlex.join(command)}"  # it hears requests on 3 and answers on 4
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(
            ["bash", "-c", pipes], pass_fds=(read, write), stdin=quiet, stdout=quiet, stderr=quiet
        )
        os.close(read)
        os.close(write)
        self._to, self._from = os.fdopen(to_browser, "wb", 0), os.fdopen(from_browser, "rb", 0)
        self._pending, self._count, self._session = b"", 0, ""
        self.complaints: list[str] = []
        self.events: list[dict[str, Any]] = []
        (target,) = (one for one in self.ask("Target.getTargets")["targetInfos"] if one["type"] == "page")
        self._session = self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def close(self) -> None:
        self._to.close()
        self._from.close()
        self.process.terminate()
        self.process.wait()

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The answer to one command of the protocol."""
        self._count += 1
        request = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            request["sessionId"] = self._session
        self._to.write(json.dumps(request).encode() + b"\0")
        while True:
            said = self._hear()
            if said.get("id") == self._count:
                assert "error" not in said, said
                return said["result"]

    def open(self, address: str, width: int = 1280, height: int = 900) -> None:
        """Go to a page and wait until it is there."""
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        self.complaints.clear()
        self.events.clear()
        assert "errorText" not in self.ask("Page.navigate", url=address)
        while not any(one["method"] == "Page.loadEventFired" for one in self.events):
            self._hear()
        self.run("1")  # after scripts that wait for the page

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        found = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def press(self, key: str, code: int) -> None:
        """A key, as a person presses it."""
        for kind in ("rawKeyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def picture(self, file: Path) -> None:
        """The whole page as PNG."""
        found = self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(found["data"]))

    def _hear(self) -> dict[str, Any]:
        while b"\0" not in self._pending:
            more = self._from.read(1 << 16)
            assert more, "the browser is gone"
            self._pending += more
        line, _, self._pending = self._pending.partition(b"\0")
        said = json.loads(line)
        method, about = said.get("method", ""), said.get("params", {})
        self.events.append({"method": method, **about})
        if method == "Runtime.exceptionThrown":
            self.complaints.append(about["exceptionDetails"].get("exception", {}).get("description", str(about)))
        elif method == "Log.entryAdded" and about["entry"]["level"] in ("error", "warning"):
            self.complaints.append(about["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and about["type"] in ("error", "warning", "assert"):
            self.complaints.append(str(about["args"]))
        elif method == "Network.loadingFailed":
            self.complaints.append(about["errorText"])
        return said
