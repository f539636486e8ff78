"""A headless Chromium, driven by the WebDriver protocol that chromedriver speaks (W3C, "WebDriver"): plain HTTP and JSON."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DRIVER = shutil.which("chromedriver")
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
PATIENCE_S = 180.0


class Page:
    """One tab. ``run`` is JavaScript with a ``return``."""

    def __init__(self, session: str) -> None:
        self._session = session

    def open(self, url: str) -> None:
        _ask("POST", f"{self._session}/url", {"url": url})

    def run(self, script: str) -> Any:
        return _ask("POST", f"{self._session}/execute/sync", {"script": script, "args": []})

    def wait(self, script: str) -> Any:
        """Until the script returns something true."""
        return until(lambda: self.run(script))

    def text(self, selector: str) -> str:
        """What is to be read there, on one line."""
        return str(
            self.run(f"return document.querySelector({selector!r}).innerText.replace(/\\s+/g, ' ').trim()")
        )

    @property
    def title(self) -> str:
        return str(_ask("GET", f"{self._session}/title"))

    def resize(self, width: int, height: int) -> None:
        """The size of what is shown, as a telephone or a screen would have it."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.cdp("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, scheme: str) -> None:
        """``dark`` or ``light``."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.cdp("Emulation.setEmulatedMedia", {"features": features})

    def cdp(self, command: str, parameters: dict[str, Any]) -> Any:
        return _ask("POST", f"{self._session}/goog/cdp/execute", {"cmd": command, "params": parameters})

    def complaints(self) -> list[str]:
        """What the browser itself found wrong since the last call: errors, refused loads, broken policies."""
        told = _ask("POST", f"{self._session}/se/log", {"type": "browser"})
        return [one["message"] for one in told if one["level"] == "SEVERE"]

    def screenshot(self, path: Path) -> None:
        """What is shown at the size that was set."""
        told = self.cdp("Page.captureScreenshot", {"captureBeyondViewport": False})
        path.write_bytes(base64.b64decode(told["data"]))


def until(holds: Callable[[], Any]) -> Any:
    """Wait for an event, as long as a busy machine may need."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := holds()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {PATIENCE_S} s")
        time.sleep(0.05)
    return found


@contextmanager
def browser() -> Iterator[Page]:
    """A browser with one tab, gone when the block ends."""
    assert DRIVER is not None
    driver = subprocess.Popen(
        [DRIVER, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    session = ""
    try:
        server = f"http://127.0.0.1:{_port(driver)}"
        session = f"{server}/session/{_start(server)}"
        yield Page(session)
    finally:
        if session:
            _ask("DELETE", session)
        driver.terminate()
        driver.wait()


def _port(driver: subprocess.Popen[str]) -> int:
    assert driver.stdout is not None
    for line in driver.stdout:
        if "started successfully on port" in line:
            return int(line.rsplit(" ", 1)[1].strip(" .\n"))
    raise AssertionError("chromedriver did not start")


def _start(server: str) -> str:
    arguments = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
    ]
    options = {"binary": BROWSER, "args": arguments}
    wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
    told = _ask("POST", f"{server}/session", {"capabilities": {"alwaysMatch": wanted}})
    return str(told["sessionId"])


def _ask(method: str, url: str, body: dict[str, Any] | None = None) -> Any:
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310  our own driver
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        raise AssertionError(error.read().decode()) from None
