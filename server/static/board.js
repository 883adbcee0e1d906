// Keeps the board live: puts each piece the server sends in the place of the one with its id, counts the minutes,
// and says so when the stream is lost. Elements that stay keep their focus, hover and scroll.
"use strict";

const page = document.body;
const SILENT_MS = 40000; // the server speaks at least every 15 s
const SETTLE_MS = matchMedia("(prefers-reduced-motion: reduce)").matches ? 2000 : 600;
const OURS = ["class", "open", "aria-pressed"]; // attributes that belong to this page, not to the server
const minute = 60000;

let offset = Number(page.dataset.now) - Date.now(); // what the server's clock is ahead of ours
let heard = Date.now();
let only = null; // the state that the count strip filters for
let stream = null;
let retryAt = 0;

const byId = (id) => document.getElementById(id);
const serverNow = () => Date.now() + offset;

// --- pieces ---------------------------------------------------------------------------------------------------------

function settle(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.dataset.state && old.dataset.state !== fresh.dataset.state) flash(old);
  takeAttributes(old, fresh);
  const named = [...fresh.children].some((child) => child.id);
  if (named) settleChildren(old, fresh);
  else old.replaceChildren(...fresh.childNodes);
}

function takeAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !OURS.includes(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (!OURS.includes(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

// What goes is taken out first, so that what stays is not moved: an element that is moved loses its focus.
function settleChildren(old, fresh) {
  const staying = new Set([...fresh.children].map((child) => child.id));
  for (const child of [...old.children]) {
    if (child.id && !staying.has(child.id)) child.remove();
  }
  let place = old.firstElementChild;
  for (const child of [...fresh.children]) {
    const twin = child.id ? byId(child.id) : nameless(place, child);
    if (twin && twin.parentElement === old) {
      if (twin === place) place = place.nextElementSibling;
      else old.insertBefore(twin, place);
      settle(twin, child);
    } else {
      if (twin) twin.remove();
      if (child.matches(".watch > *")) child.classList.add("new");
      old.insertBefore(child, place);
    }
  }
  while (place) {
    const next = place.nextElementSibling;
    place.remove();
    place = next;
  }
}

function nameless(place, child) {
  return place && !place.id && place.tagName === child.tagName ? place : null;
}

function flash(tile) {
  tile.classList.add("changed");
  setTimeout(() => tile.classList.remove("changed"), SETTLE_MS);
}

function show(html) {
  const pieces = document.createElement("template");
  pieces.innerHTML = html;
  for (const fresh of unpacked(pieces.content)) {
    const old = byId(fresh.id);
    if (old) settle(old, fresh);
  }
  mark();
  tick();
}

// What is drawn comes inside an <svg> that only carries it: elsewhere the browser would not take it for a drawing.
function unpacked(content) {
  return [...content.children].flatMap((piece) => (piece.matches("svg.carrier") ? [...piece.children] : [piece]));
}

// --- time -----------------------------------------------------------------------------------------------------------

function duration(ms) {
  const minutes = Math.max(0, Math.floor(ms / minute));
  if (minutes < 60) return page.dataset.under.replace("{minutes}", minutes);
  const rest = String(minutes % 60).padStart(2, "0");
  return page.dataset.from.replace("{hours}", Math.floor(minutes / 60)).replace("{minutes}", rest);
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function say(id, name, value) {
  put(byId(id), byId(id).dataset.text.replace(name, value));
}

const clock = byId("clock");
const wall = new Intl.DateTimeFormat("fr", { timeZone: clock.dataset.zone, hour: "2-digit", minute: "2-digit" });

function tick() {
  if (page.classList.contains("is-frozen")) return; // what is not known is not counted on
  const now = serverNow();
  for (const time of document.querySelectorAll("[data-since]")) {
    const passed = (Number(time.dataset.until) || now) - Number(time.dataset.since);
    put(time, duration(passed));
    const bar = time.closest(".tile, .spot")?.querySelector(".done");
    if (bar) bar.setAttribute("width", Math.min(100, Math.max(0, passed / (10 * bar.dataset.limit))).toFixed(1));
  }
  put(clock, wall.format(now));
  byId("wall")?.classList.toggle("shifted", Math.floor(now / (60 * minute)) % 2 === 1);
}

// --- stream ---------------------------------------------------------------------------------------------------------

function open() {
  stream = new EventSource(page.dataset.events);
  stream.addEventListener("board", (event) => {
    const news = hear(event);
    show(news.html);
  });
  stream.addEventListener("beat", hear);
  stream.onerror = lose;
}

function hear(event) {
  const news = JSON.parse(event.data);
  heard = Date.now();
  offset = news.now - heard;
  page.dataset.heard = news.now;
  page.classList.remove("is-frozen");
  byId("frozen").hidden = true;
  return news;
}

function lose() {
  if (stream) stream.close();
  stream = null;
  retryAt = Date.now() + 3000 + Math.random() * 2000; // not all boards of the house at once
  if (byId("frozen").hidden) {
    page.classList.add("is-frozen");
    say("frozen-since", "{time}", wall.format(heard + offset));
    byId("frozen").hidden = false;
  }
}

function watch() {
  if (stream && Date.now() - heard > SILENT_MS) lose();
  if (!stream && Date.now() >= retryAt) {
    heard = Date.now();
    open();
  }
  if (!stream) say("frozen-retry", "{seconds}", Math.max(1, Math.ceil((retryAt - Date.now()) / 1000)));
  tick();
}

// --- count strip ----------------------------------------------------------------------------------------------------

function mark() {
  const floor = byId("floor");
  if (!floor) return;
  if (only) floor.dataset.only = only;
  else delete floor.dataset.only;
  for (const button of document.querySelectorAll("[data-only][aria-pressed]")) {
    button.setAttribute("aria-pressed", String(button.dataset.only === only));
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-only]");
  if (button) {
    only = button.dataset.only === only ? null : button.dataset.only;
    mark();
  }
  if (event.target.closest("#frozen-now")) {
    retryAt = 0;
    watch();
  }
});

addEventListener("pagehide", () => stream && stream.close());
addEventListener("pageshow", (event) => event.persisted && lose());

// A plan is no use on a phone: there the list by room takes its place.
if (page.dataset.face === "plan" && matchMedia("(max-width: 640px)").matches) location.replace("/map?view=list");

open();
watch();
setInterval(watch, 1000);
