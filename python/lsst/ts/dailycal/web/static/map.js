// This file is part of ts_dailycal.
// SPDX-License-Identifier: GPL-3.0-or-later
// Maps of the verification: one stop of the tabulator for each, arrows from cell to cell, and
// value and limit of the cell in words above the map. Without scripts, the limits are in the table.
"use strict";
(() => {
  const cells = (row) => [...row.cells].filter((item) => item.title);
  const rows = (map) => [...map.tBodies[0].rows];

  const say = (cell) => {
    const readout = cell.closest("details").querySelector(".readout");
    if (readout.textContent !== cell.title) readout.textContent = cell.title;
  };

  // The one cell that the tabulator reaches is the one that was visited last.
  const stop = (cell) => {
    const map = cell.closest("table.map");
    map.querySelectorAll('td[tabindex="0"]').forEach((item) => { item.tabIndex = -1; });
    cell.tabIndex = 0;
  };

  const prepare = (map) => {
    map.setAttribute("role", "grid");
    map.parentElement.removeAttribute("tabindex");
    map.querySelectorAll("td[title]").forEach((item) => {
      item.tabIndex = -1;
      item.setAttribute("aria-label", item.title);
    });
    const readout = document.createElement("p");
    readout.className = "readout";
    readout.setAttribute("role", "status");
    readout.textContent = "Value and limit of the cell under the mouse, or chosen by the arrow keys";
    map.parentElement.before(readout);
    const first = map.querySelector("td.fail") || map.querySelector("td[title]");
    if (first) first.tabIndex = 0;
  };

  const next = (cell, key, ctrl) => {
    const row = cell.parentElement;
    const across = cells(row);
    const down = rows(cell.closest("table.map"));
    const [x, y] = [across.indexOf(cell), down.indexOf(row)];
    const at = (line) => line && cells(line)[x];
    switch (key) {
      case "ArrowLeft": return across[x - 1];
      case "ArrowRight": return across[x + 1];
      case "ArrowUp": return at(down[y - 1]);
      case "ArrowDown": return at(down[y + 1]);
      case "Home": return ctrl ? cells(down[0])[0] : across[0];
      case "End": return ctrl ? cells(down.at(-1)).at(-1) : across.at(-1);
      default: return null;
    }
  };

  const cellOf = (event) => event.target.closest && event.target.closest("table.map td[title]");
  document.addEventListener("keydown", (event) => {
    const cell = cellOf(event);
    const other = cell && next(cell, event.key, event.ctrlKey);
    if (!other) return;
    event.preventDefault();
    stop(other);
    other.focus();
  });
  document.addEventListener("focusin", (event) => { const cell = cellOf(event); if (cell) { stop(cell); say(cell); } });
  document.addEventListener("mouseover", (event) => { const cell = cellOf(event); if (cell) say(cell); });

  const prepareAll = () => document.querySelectorAll("table.map:not([role])").forEach(prepare);
  document.addEventListener("replaced", prepareAll);
  prepareAll();
})();
