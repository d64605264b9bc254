// This file is part of ts_dailycal.
// SPDX-License-Identifier: GPL-3.0-or-later
// Puts the parts of the page that have changed in their place, as the server sends them.
"use strict";
(() => {
  const main = document.getElementById("main");
  const note = document.getElementById("connection");

  // What the reader has opened stays open, and the focus stays where it is.
  const replace = (place, html) => {
    const open = new Map();
    place.querySelectorAll("details").forEach((item) => open.set(item.querySelector("summary").textContent, item.open));
    const active = place.contains(document.activeElement) ? document.activeElement : null;
    const label = active && (active.getAttribute("aria-label") || active.textContent);
    place.innerHTML = html;
    place.dispatchEvent(new Event("replaced", { bubbles: true }));
    place.querySelectorAll("details").forEach((item) => {
      const was = open.get(item.querySelector("summary").textContent);
      if (was !== undefined) item.open = was;
    });
    if (active) {
      const again = [...place.querySelectorAll("a, summary, [tabindex]")].find(
        (item) => (item.getAttribute("aria-label") || item.textContent) === label);
      if (again) again.focus();
    }
  };

  // A picture stays until the next one is there, and only one of a kind is asked for at a time.
  const loaded = (html) => {
    const parsed = document.createElement("template");
    parsed.innerHTML = html;
    return Promise.allSettled([...parsed.content.querySelectorAll("img")].map((item) => {
      const image = new Image();
      image.src = item.getAttribute("src");
      return image.decode();
    }));
  };
  const waiting = new Map();
  const update = async (name, html) => {
    const place = document.getElementById(`part-${name}`);
    if (!place) return;
    if (waiting.has(name)) { waiting.set(name, html); return; }
    waiting.set(name, html);
    for (let next = html; next !== null;) {
      waiting.set(name, null);
      if (next.includes("<img")) await loaded(next);
      replace(place, next);
      next = waiting.get(name);
    }
    waiting.delete(name);
  };

  const connect = () => {
    const source = new EventSource(main.dataset.events);
    source.addEventListener("parts", (event) => {
      for (const [name, html] of Object.entries(JSON.parse(event.data))) update(name, html);
      const heading = document.querySelector("h1");
      document.title = `${heading.textContent.trim()}: ${document.title.split(": ").pop()}`;
    });
    source.addEventListener("over", () => { source.close(); note.textContent = ""; main.dataset.over = "yes"; });
    source.onopen = () => { note.textContent = ""; };
    source.onerror = () => {
      note.textContent = "The connection is lost; trying again. What is shown may be old.";
      // After an answer that is no stream, e.g. of a proxy, a browser does not try again by itself.
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, 5000);
    };
  };
  connect();
})();
