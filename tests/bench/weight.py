"""What a browser must load to show each page for the first time: the page and all it asks for, compressed, with an empty
cache, as Chromium counts it coming in, answers' headers too. A stream stays open and is not in it.
"""

from datetime import UTC, datetime

from playwright.sync_api import Browser

from tests.bench.boards_open import start_web
from tests.bench.figures import Figure, Lines
from tests.bench.lab import bench_lab
from tests.bench.pages import Page, pages_of
from tests.bench.years import add_years
from tests.browser.conftest import chromium

SESSIONS, HOLDERS = 20_000, 1_200
AIM_KB = 150.0


def measure(quick: bool) -> Lines:
    with bench_lab(holders=HOLDERS) as lab:
        years = add_years(SESSIONS, datetime.now(UTC))
        start_web(lab)
        pages = [page for page in pages_of(years) if page.path != "/healthz"]
        with chromium() as browser:
            for page in pages[:: 6 if quick else 1]:
                yield weigh(browser, lab.web_port, page)


def weigh(browser: Browser, port: int, page: Page) -> Figure:
    address = f"http://127.0.0.1:{port}"
    with browser.new_context(locale="fr-FR") as context:
        if page.cookie:
            name, _, value = page.cookie.partition("=")
            context.add_cookies([{"name": name, "value": value, "url": address}])
        tab = context.new_page()
        wire = context.new_cdp_session(tab)
        loaded: list[float] = []
        wire.send("Network.enable")
        wire.on("Network.loadingFinished", lambda event: loaded.append(event["encodedDataLength"]))
        tab.goto(address + page.path, wait_until="load")
        tab.evaluate("document.fonts.ready.then(() => null)")
        tab.wait_for_timeout(300)
    return Figure(f"{page.name}: {len(loaded)} files", sum(loaded) / 1000, "kB", AIM_KB)
