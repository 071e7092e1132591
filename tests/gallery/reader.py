"""Somebody who reads pages in a browser, and notes what goes wrong."""

import re
from pathlib import Path
from typing import Any


class Reader:
    """A browser's page that notes what it asks for and complains of."""

    def __init__(self, page: Any, site: Path) -> None:
        self.page, self._site = page, site
        self.troubles: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.troubles.append(message.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("dialog", lambda dialog: self.troubles.append(dialog.message))
        page.on("request", lambda request: self.asked.append(request.url))

    def open(self, path: str) -> Any:
        self.page.goto(f"{self._site.as_uri()}/{path}")
        return self.page

    def at(self, path: str) -> bool:
        self.page.wait_for_url(f"{self._site.as_uri()}/{path}", timeout=5000)
        return True

    def wait(self, selector: str, state: str = "visible") -> Any:
        """The first of the elements that a selector names, once it is there to see, or in another state."""
        found = self.page.locator(selector).first
        found.wait_for(state=state, timeout=5000)
        return found

    def told(self, words: str, where: str = "main") -> None:
        """Wait until a part of the page says so."""
        self.page.locator(where, has_text=words).first.wait_for(timeout=5000)

    def found(self, words: str) -> None:
        """Wait until the search says so; the pages' policy forbids to wait for a function's value."""
        self.page.locator("#found", has_text=re.compile(f"^{re.escape(words)}$")).wait_for(timeout=5000)

    def pasted(self, field: str = "#seek") -> str:
        """What is in the clipboard, as a reader would get it."""
        self.page.fill(field, "")
        self.page.keyboard.press("Control+v")
        return str(self.page.input_value(field))
