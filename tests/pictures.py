"""Takes the pictures of the README: starts the demo, waits for its past, logs in and looks. ``make pictures``.

What they show is the demo as it ran just now; nothing is touched up.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

FOLDER = Path(__file__).parents[1] / "server" / "pictures"
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
PASSWORD = "demo demo demo"


class Picture(NamedTuple):
    name: str
    path: str
    who: str = "manager"
    width: int = 1280
    height: int = 860
    theme: Literal["light", "dark"] = "light"
    language: str = "fr"


PICTURES = (
    Picture("today", "/today"),
    Picture("machine", "/machines/c1", language="en"),
    Picture("month", "/months"),
    Picture("person", "/people", language="de"),
    Picture("phone", "/me", "maker", 390, 844),
    Picture("bench", "/bench", theme="dark", language="en"),
    Picture("plan", "/map"),
    Picture("wall", "/wall", "", 1280, 720, "dark"),
)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with demo() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--headless", "--no-sandbox"])
        for picture in PICTURES:
            take(browser, address, picture)
            print(picture.name)
        take_invoice(browser, address)
        print("invoice")
        browser.close()


@contextmanager
def demo() -> Iterator[str]:
    """A demo that has lived its past; its address."""
    with tempfile.TemporaryDirectory(prefix="prolab-pictures-") as folder:
        command = [sys.executable, "-m", "server.cli", "demo", "--out", f"{folder}/demo", "--port", "0"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ)
        assert process.stdout
        try:
            yield next(line for line in process.stdout if "http://" in line).split("http://")[1].split("/")[0]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def take(browser: Browser, address: str, picture: Picture) -> None:
    viewport = ViewportSize(width=picture.width, height=picture.height)
    context = browser.new_context(viewport=viewport, color_scheme=picture.theme, locale=picture.language)
    page = context.new_page()
    base = f"http://{address}"
    if picture.who:
        log_in(page, base, picture.who)
    page.goto(base + picture.path)
    if picture.name == "plan":  # makers come one by one
        page.locator("#n-use b", has_text=re.compile("[89]|..")).wait_for(timeout=180_000)
    if picture.name == "month":  # the newest month that waits
        page.locator("table a").nth(1).click()
        page.wait_for_load_state()
    if picture.name == "person":
        page.locator("table a").first.click()
        page.wait_for_load_state()
    page.wait_for_timeout(1500)  # the live stream has said its first word
    page.screenshot(path=FOLDER / f"{picture.name}.png")
    context.close()


def take_invoice(browser: Browser, address: str) -> None:
    """The first page of the first PDF in the list of documents."""
    page = browser.new_page()
    base = f"http://{address}"
    log_in(page, base, "manager")
    page.goto(f"{base}/documents")
    page.locator("table a[href*='/documents/']").first.click()
    found = page.locator("a[href*='/pdf']").first.get_attribute("href")
    pdf = page.request.get(f"{base}{found}").body()
    drawn = ["pdftoppm", "-png", "-r", "110", "-f", "1", "-singlefile", "-", str(FOLDER / "invoice")]
    subprocess.run(drawn, input=pdf, check=True)
    page.close()


def log_in(page: Page, base: str, who: str) -> None:
    page.goto(f"{base}/login")
    page.fill("input[name=email]", f"{who}@demo.example")
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_load_state()


if __name__ == "__main__":
    main()
