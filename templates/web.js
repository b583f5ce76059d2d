"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");

  // The contents are open beside the text, and closed above it.
  const contents = document.querySelector("nav.contents > details");
  const beside = matchMedia("(min-width: 64rem)");
  const arrange = () => { contents.open = beside.matches; };
  beside.addEventListener("change", arrange);
  arrange();
  contents.addEventListener("click", (event) => {
    if (!beside.matches && event.target.closest("a")) contents.open = false;
  });
  contents.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !beside.matches) {
      contents.open = false;
      contents.querySelector("summary").focus();
    }
  });

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const details of closed) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of closed) details.open = false;
  });

  // Only what is wider than the screen is scrolled, and stopped at by the tab key.
  const measure = (entries) => {
    for (const { target: box } of entries) {
      const wide = box.scrollWidth > box.clientWidth + 1;
      box.classList.toggle("wide", wide);
      if (wide) {
        box.tabIndex = 0;
        box.setAttribute("role", "region");
      } else {
        box.removeAttribute("tabindex");
        box.removeAttribute("role");
      }
    }
  };
  const boxes = [...document.querySelectorAll(".scroll")];
  const watch = new ResizeObserver(measure);
  for (const box of boxes) watch.observe(box);

  // Sorting: up, down, and back to the order of the report, inside each block of rows.
  const NUMBER = /^[^\d+-]?([+-]?\d[\d,]*(?:\.\d+)?)/;
  const text = (row, place) => row.cells[place].textContent.trim();
  const number = (row, place) => {
    const found = NUMBER.exec(text(row, place).replaceAll("\u2212", "-"));
    return found ? Number(found[1].replaceAll(",", "")) : NaN; // x, -, …: there is none
  };
  const words = new Intl.Collator(root.lang, { numeric: true });

  const sort = (table, place, direction) => {
    const isNumber = table.tHead.rows[0].cells[place].classList.contains("number");
    for (const body of table.tBodies) {
      const rows = [...body.rows].filter((row) => !row.classList.contains("heading"));
      const original = (a, b) => a.dataset.place - b.dataset.place;
      rows.sort((a, b) => {
        if (!direction) return original(a, b);
        if (!isNumber) return direction * words.compare(text(a, place), text(b, place)) || original(a, b);
        const [one, other] = [number(a, place), number(b, place)];
        const lacking = Number.isNaN(one) - Number.isNaN(other);
        return lacking || (direction * (one - other)) || original(a, b);
      });
      body.append(...rows);
    }
  };

  for (const table of document.querySelectorAll(".table table")) {
    for (const body of table.tBodies) {
      [...body.rows].forEach((row, place) => { row.dataset.place = place; });
    }
    [...table.tHead.rows[0].cells].forEach((head, place, heads) => {
      if (head.tagName !== "TH" || table.tBodies[0].rows.length + table.tBodies.length < 3) return;
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-describedby", "page-sort-hint");
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: "" }[head.getAttribute("aria-sort")] ?? "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        if (next) head.setAttribute("aria-sort", next);
        sort(table, place, { ascending: 1, descending: -1 }[next] ?? 0);
      });
    });
  }
})();
