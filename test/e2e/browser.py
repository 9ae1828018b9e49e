# SPDX-License-Identifier: Apache-2.0
"""A real browser, driven by Chromium's DevTools protocol: what a person does on a page (fill, click,
read), what a reviewer looks at (screenshots, dark mode, a phone's width), and what must never happen
(console errors, policy violations, requests to third parties, unlabelled inputs, poor contrast)."""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.parse

import websocket

from harness import check, wait_for

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-port=0",
         "--remote-allow-origins=*", "--force-color-profile=srgb"]

AUDIT = r"""
(() => {
  const found = [], say = (what, e) => found.push(what + (e ? ': ' + e.outerHTML.slice(0, 120) : ''));
  const seen = e => { const s = getComputedStyle(e), b = e.getBoundingClientRect();
    return e.checkVisibility() && s.visibility !== 'hidden' && s.display !== 'none' && b.width > 1 && b.height > 1; };
  const named = e => (e.getAttribute('aria-label') || e.title || e.textContent || e.value || '').trim() ||
    e.querySelector('img[alt]:not([alt=""]), svg[aria-label], svg title') || e.getAttribute('aria-labelledby');
  if (!document.title.trim()) say('no title');
  if (!document.documentElement.lang) say('no lang');
  if (!document.querySelector('meta[name=viewport]')) say('no viewport');
  if (!document.querySelector('main')) say('no main landmark');
  if (document.querySelectorAll('h1').length !== 1) say(document.querySelectorAll('h1').length + ' h1');
  let level = 0;
  for (const h of document.querySelectorAll('h1,h2,h3,h4')) {
    if (+h.tagName[1] > level + 1) say('a heading level is skipped', h);
    level = +h.tagName[1];
  }
  for (const e of document.querySelectorAll('input:not([type=hidden]):not([type=submit]),select,textarea')) {
    if (!seen(e)) continue;
    if (!e.labels?.length && !e.getAttribute('aria-label') && !e.getAttribute('aria-labelledby')) say('no label', e);
    if (/^(email|password|name|code)$/.test(e.name) && !e.autocomplete) say('no autocomplete', e);
    if (e.getAttribute('aria-invalid') === 'true' && !e.getAttribute('aria-describedby')) say('an error nobody reads out', e);
  }
  for (const e of document.querySelectorAll('button,a[href],summary')) if (seen(e) && !named(e)) say('no name', e);
  for (const e of document.querySelectorAll('img:not([alt])')) say('no alt', e);
  for (const e of document.querySelectorAll('[tabindex]')) if (e.tabIndex > 0) say('positive tabindex', e);
  const ids = new Set();
  for (const e of document.querySelectorAll('[id]')) { if (ids.has(e.id)) say('id twice', e); ids.add(e.id); }
  if (document.documentElement.scrollWidth > innerWidth) say('wider than the window: ' + document.documentElement.scrollWidth);
  for (const e of document.querySelectorAll('button,input:not([type=hidden]),select')) {
    const b = e.getBoundingClientRect();
    if (seen(e) && (b.height < 24 || (b.width < 24 && e.type !== 'checkbox' && e.type !== 'radio'))) say('a small target', e);
  }
  const rgb = c => { const m = c.match(/[\d.]+/g); return m ? [+m[0], +m[1], +m[2], m[3] === undefined ? 1 : +m[3]] : [0, 0, 0, 0]; };
  const light = c => { const f = c.slice(0, 3).map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
    return .2126 * f[0] + .7152 * f[1] + .0722 * f[2]; };
  const behind = e => { for (; e; e = e.parentElement) { const s = getComputedStyle(e), c = rgb(s.backgroundColor);
    if (s.backgroundImage !== 'none') return null; if (c[3] > .99) return c; }
    return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18, 1] : [255, 255, 255, 1]; };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !seen(e) || e.closest('script,style,noscript,[disabled],option,[aria-hidden=true]')) continue;
    const s = getComputedStyle(e), front = rgb(s.color), back = behind(e);
    if (!back || front[3] < .99) continue;
    const [a, b] = [light(front), light(back)].sort((x, y) => y - x), size = parseFloat(s.fontSize);
    const need = size >= 24 || (size >= 18.6 && +s.fontWeight >= 700) ? 3 : 4.5;
    if ((a + .05) / (b + .05) < need - .01) say('contrast ' + ((a + .05) / (b + .05)).toFixed(2), e);
  }
  return [...new Set(found)];
})()
"""


class Browser:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="cardea-browser-")
        self.process = subprocess.Popen(["/usr/bin/chromium", *FLAGS, f"--user-data-dir={self.folder}", "about:blank"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)
        port_file = f"{self.folder}/DevToolsActivePort"
        check(wait_for(lambda: os.path.exists(port_file) and open(port_file).read().count("\n") >= 1, 30),
              "Chromium did not start")
        self.port, path = open(port_file).read().split("\n")[:2]
        self.link = Link(f"ws://127.0.0.1:{self.port}{path}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.link.call("Browser.close")
        except Exception:
            pass
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)  # its own session: start_new_session above
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def page(self, server, **options):
        """A page in a profile of its own: no cookie is shared with another page()."""
        context = self.link.call("Target.createBrowserContext")["browserContextId"]
        target = self.link.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        return Page(Link(f"ws://127.0.0.1:{self.port}/devtools/page/{target}"), server, **options)


class Link:
    """One DevTools connection: calls with answers, and the events that came in between."""

    def __init__(self, url):
        self.socket = websocket.create_connection(url, timeout=30)
        self.last, self.events = 0, []

    def call(self, method, **parameters):
        self.last += 1
        number = self.last
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == number:
                check("error" not in message, f"{method}: {message.get('error')}")
                return message["result"]
            self.events.append(message)

    def gather(self, seconds=0.0):
        """Reads what is waiting, for at most so long."""
        self.socket.settimeout(max(seconds, 0.005))
        try:
            self.events.append(json.loads(self.socket.recv()))
        except websocket.WebSocketTimeoutException:
            pass
        finally:
            self.socket.settimeout(30)


class Page:
    def __init__(self, link, server, script=True, width=1280, height=900, dark=False):
        self.link, self.server = link, server
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            link.call(domain + ".enable")
        link.call("Network.setCacheDisabled", cacheDisabled=True)
        if not script:
            link.call("Emulation.setScriptExecutionDisabled", value=True)
        self.look(width, height, dark)
        self.marks = 0

    def look(self, width, height, dark):
        self.link.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                       mobile=width < 600)
        self.link.call("Emulation.setEmulatedMedia",
                       features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                                 {"name": "prefers-reduced-motion", "value": "reduce"}])

    # --- going somewhere ---
    def goto(self, path):
        url = path if path.startswith("http") else self.server.url + path
        self._mark()
        self.link.call("Page.navigate", url=url)
        self._loaded(url)
        return self

    def _mark(self):
        self.link.gather()
        self.marks = len(self.link.events)

    def _loaded(self, what, seconds=20):
        end = time.monotonic() + seconds
        while not any(e["method"] == "Page.loadEventFired" for e in self.link.events[self.marks:]):
            if time.monotonic() > end:  # only then: the page must not be asked while it changes
                raise AssertionError(f"no page after {what}; still on {self.path}: {self.text[:300]}")
            self.link.gather(0.1)
        # Late scripts and requests of the page belong to it.
        self.link.gather(0.05)

    @property
    def path(self):
        parts = urllib.parse.urlsplit(self.value("location.href"))
        return parts.path + ("?" + parts.query if parts.query else "")

    # --- reading ---
    def value(self, expression):
        answer = self.link.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        check("exceptionDetails" not in answer, f"{expression[:80]}: {answer.get('exceptionDetails')}")
        return answer["result"].get("value")

    @property
    def text(self):
        return self.value("document.body ? document.body.innerText : ''") or ""

    @property
    def title(self):
        return self.value("document.title")

    def has(self, selector):
        return self.value(f"!!document.querySelector({json.dumps(selector)})")

    def wait(self, expression, seconds=10):
        check(wait_for(lambda: self.value(f"!!({expression})"), seconds, 0.05),
              f"never true: {expression}; on {self.path}: {self.text[:300]}")

    # --- doing ---
    def fill(self, **fields):
        for name, value in fields.items():
            selector = json.dumps(f"input[name={name}]:not([type=hidden]), textarea[name={name}]")
            check(self.value(f"(e => {{ if (!e) return false; e.focus(); e.select(); return document.activeElement === e }})"
                             f"(document.querySelector({selector}))"), f"no field {name} on {self.path}: {self.text[:300]}")
            self.link.call("Input.insertText", text=value)
        return self

    def _point(self, selector, word):
        place = self.value(
            "(() => { const all = [...document.querySelectorAll(" + json.dumps(selector) + ")].filter(e =>"
            " e.getClientRects().length && (" + json.dumps(word) + " === '' || e.innerText.includes(" + json.dumps(word) + ")));"
            " if (!all.length) return null; all[0].scrollIntoView({block: 'center', behavior: 'instant'});"
            " const r = all[0].getClientRects()[0], x = r.x + r.width / 2, y = r.y + r.height / 2,"
            " top = document.elementFromPoint(x, y);"
            " return {x, y, covered: !(top && (all[0].contains(top) || top.contains(all[0])))} })()")
        check(place, f"nothing to click: {selector} {word!r} on {self.path}: {self.text[:300]}")
        check(not place["covered"], f"{selector} {word!r} on {self.path} is covered by something else")
        return place["x"], place["y"]

    def click(self, selector, word="", leaves=True):
        """A click of the mouse; leaves: it leads to another page, which is waited for."""
        x, y = self._point(selector, word)
        self._mark()
        for kind in ("mousePressed", "mouseReleased"):
            self.link.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        if leaves:
            self._loaded(f"a click on {selector} {word!r}")
        return self

    def submit(self, word="", **fields):
        """Fills in the form that has these fields and presses its button."""
        self.fill(**fields)
        first = next(iter(fields))
        self.value(f"document.querySelectorAll('[data-e2e]').forEach(e => delete e.dataset.e2e);"
                   f"document.querySelector('input[name={first}]:not([type=hidden])').form.dataset.e2e = 1")
        return self.click("[data-e2e] button:not([type=button]), [data-e2e] input[type=submit]", word)

    def press(self, key):
        """Enter, which sends the form; the page that follows is waited for."""
        self._mark()
        for kind in ("keyDown", "keyUp"):
            self.link.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=13,
                           text="\r" if kind == "keyDown" else "")
        self._loaded(f"the key {key}")
        return self

    def cookies(self):
        return {c["name"]: c for c in self.link.call("Network.getCookies")["cookies"]}

    def screenshot(self, path, full=True):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = self.link.call("Page.captureScreenshot", format="png", captureBeyondViewport=full)["data"]
        with open(path, "wb") as f:
            f.write(base64.b64decode(data))

    # --- judging ---
    def audit(self):
        return [f"{self.path}: {problem}" for problem in self.value(AUDIT)]

    def weight(self):
        """Bytes that came over the wire since the last page began, compressed."""
        return sum(e["params"]["encodedDataLength"] for e in self.link.events[self.marks:]
                   if e["method"] == "Network.loadingFinished")

    def complaints(self):
        """What the console, the policy and the network say about all pages so far."""
        self.link.gather()
        found, documents = [], set()
        for event in self.link.events:
            method, p = event["method"], event["params"]
            if method == "Network.requestWillBeSent":
                url = p["request"]["url"]
                if p.get("type") == "Document":
                    documents.add(url.split("#")[0])
                if not url.startswith((self.server.url + "/", "data:", "blob:", "about:", "chrome-error:")):
                    found.append(f"a request to a third party: {url}")
            elif method == "Runtime.exceptionThrown":
                found.append("exception: " + str(p["exceptionDetails"].get("exception", {}).get("description")))
            elif method == "Runtime.consoleAPICalled" and p["type"] in ("error", "warning", "assert"):
                found.append(f"console.{p['type']}: {[a.get('value') for a in p['args']]}")
            elif method == "Log.entryAdded" and p["entry"]["level"] in ("error", "warning"):
                entry = p["entry"]
                # A refused form answers 4xx as a page: the browser logs that, and it is meant so.
                if not (entry["source"] == "network" and entry.get("url", "").split("#")[0] in documents):
                    found.append(f"{entry['source']}: {entry['text']} {entry.get('url', '')}")
        return found
