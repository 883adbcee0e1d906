// What scripts add to every page: a toast that goes by itself, keys, questions that open over the page, a sign of work.
// Without it all of this works as plain links and forms.
"use strict";

const TOAST_MS = 8000;
const BUSY_AFTER_MS = 1000;

// --- toasts: gone after eight seconds, but not while somebody reads, points at or tabs to them --------------------------

for (const toast of document.querySelectorAll("[data-toast]")) {
  let left = TOAST_MS;
  setInterval(() => {
    if (document.hidden || toast.matches(":hover, :focus-within")) return;
    left -= 250;
    if (left <= 0) toast.remove();
  }, 250);
}

// --- keys: Ctrl K goes to the search, ? shows the keys ------------------------------------------------------------------

const writing = (element) => element.matches("input, textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  const wantsSearch = (event.ctrlKey || event.metaKey) && event.key === "k";
  const field = document.getElementById("search");
  if (wantsSearch && field && field.offsetParent) {
    event.preventDefault();
    field.focus();
    field.select();
  }
  const keys = document.getElementById("keys");
  if (event.key === "?" && keysAreOn() && keys && !keys.open && !writing(event.target)) keys.showModal();
});

// Single keys get in the way of people who speak to their computer, so they can be switched off; other scripts ask here.
function keysAreOn() {
  return localStorage.getItem("keys") !== "off";
}

const switchOfKeys = document.querySelector("#keys input");
if (switchOfKeys) {
  switchOfKeys.checked = keysAreOn();
  switchOfKeys.addEventListener("change", () => localStorage.setItem("keys", switchOfKeys.checked ? "on" : "off"));
}

// --- a question opens over the page: the link's own page is fetched and its question shown ------------------------------

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a.is-ask");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  try {
    const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const question = page.getElementById("confirm");
    if (!answer.ok || !question) throw new Error("no question");
    ask(question, link);
  } catch {
    location.assign(link.href);
  }
});

function ask(question, link) {
  const dialog = document.createElement("dialog");
  dialog.className = "over";
  dialog.setAttribute("aria-labelledby", "confirm-question");
  const form = question.querySelector("form");
  if (form) form.action = new URL(form.getAttribute("action"), link.href).href;
  dialog.append(question);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest(".is-safe")) {
      event.preventDefault();
      dialog.close();
    }
  });
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector(".is-safe")?.focus();
}

// --- what takes longer than a second says that it goes on, until its answer is here --------------------------------------

const busy = document.querySelector(".busy");
let unanswered;

document.addEventListener("submit", (event) => {
  if (!busy || event.target.method !== "post" || "file" in event.target.dataset) return; // a file leaves the page as it is
  clearTimeout(unanswered);
  unanswered = setTimeout(() => { busy.textContent = busy.dataset.words; }, BUSY_AFTER_MS);
});

addEventListener("pageshow", () => { // also when it comes back from the browser's memory
  clearTimeout(unanswered);
  if (busy) busy.textContent = "";
});

// --- the errors of a form are read out first ---------------------------------------------------------------------------

document.querySelector(".errors")?.focus();
