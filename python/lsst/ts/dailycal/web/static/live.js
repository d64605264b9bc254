// This file is part of ts_dailycal.
// SPDX-License-Identifier: GPL-3.0-or-later
// Puts the parts of the page that have changed in their place, as the server sends them.
"use strict";
(() => {
  const main = document.getElementById("main");
  const note = document.getElementById("connection");
  const source = new EventSource(main.dataset.events);

  // What the reader has opened stays open, and the focus stays where it is.
  const replace = (place, html) => {
    const open = new Map();
    place.querySelectorAll("details").forEach((item) => open.set(item.querySelector("summary").textContent, item.open));
    const active = place.contains(document.activeElement) ? document.activeElement : null;
    const label = active && (active.getAttribute("aria-label") || active.textContent);
    place.innerHTML = html;
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

  source.addEventListener("parts", (event) => {
    for (const [name, html] of Object.entries(JSON.parse(event.data))) {
      const place = document.getElementById(`part-${name}`);
      if (place) replace(place, html);
    }
    const heading = document.querySelector("h1");
    document.title = `${heading.textContent.trim()}: ${document.title.split(": ").pop()}`;
  });
  source.addEventListener("over", () => { source.close(); note.textContent = ""; main.dataset.over = "yes"; });
  source.onopen = () => { note.textContent = ""; };
  source.onerror = () => { note.textContent = "The connection is lost; trying again. What is shown may be old."; };
})();
