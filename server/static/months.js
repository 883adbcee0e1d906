// Keys on the page of a month: J and K go through what is to decide, G keeps, C corrects. Without it, buttons do the same.
"use strict";

(() => {
  const rows = [...document.querySelectorAll(".odd:not(.is-kept) > li")];
  let at = -1;

  function select(next) {
    if (!rows.length) return;
    rows[at]?.classList.remove("is-selected");
    at = Math.min(rows.length - 1, Math.max(0, next));
    rows[at].classList.add("is-selected");
    rows[at].focus({ preventScroll: true });
    rows[at].scrollIntoView({ block: "nearest" });
  }

  const actions = {
    j: () => select(at + 1),
    k: () => select(at - 1),
    g: () => rows[at]?.querySelector(".is-keep button")?.click(),
    c: () => rows[at]?.querySelector("a.is-correct")?.click(),
  };

  document.addEventListener("keydown", (event) => {
    const elsewhere = event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select");
    if (elsewhere || document.querySelector("dialog[open]") || !keysAreOn()) return;
    actions[event.key.toLowerCase()]?.();
  });
})();
