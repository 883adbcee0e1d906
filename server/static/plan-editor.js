// Draws the plan by dragging: rooms and machines by themselves, a room's size by its corner. Arrow keys move by one unit.
// What is drawn is written into the fields "in numbers", and those are what is sent.
"use strict";

const UNIT = 8;
const editor = document.getElementById("editor");
const form = document.getElementById("plan-form");
let held = null; // { group, resize, from: pointer, start: numbers }

const field = (group) => form.elements[group.dataset.field];
const numbers = (group) => group.dataset.place.split(" ").map(Number);
const isRoom = (group) => group.classList.contains("room");

function pointer(event) {
  return new DOMPoint(event.clientX, event.clientY).matrixTransform(editor.getScreenCTM().inverse());
}

function show(group, values) {
  const [x, y, width, height] = values;
  group.dataset.place = values.join(" ");
  group.setAttribute("transform", `translate(${x * UNIT} ${y * UNIT})`);
  if (isRoom(group)) {
    group.querySelector(".wall").setAttribute("width", width * UNIT);
    group.querySelector(".wall").setAttribute("height", height * UNIT);
    group.querySelector(".handle").setAttribute("x", width * UNIT - 12);
    group.querySelector(".handle").setAttribute("y", height * UNIT - 12);
  }
}

function place(group, values) {
  show(group, values.map((value) => Math.min(400, Math.max(0, Math.round(value)))));
  field(group).value = group.dataset.place;
}

function moved(group, resize, start, dx, dy) {
  const [x, y, width, height] = start;
  if (resize) return [x, y, Math.max(17, width + dx), Math.max(18, height + dy)];
  return isRoom(group) ? [x + dx, y + dy, width, height] : [x + dx, y + dy];
}

editor.addEventListener("pointerdown", (event) => {
  const group = event.target.closest(".room, .thing");
  if (!group || event.target.matches(".wall")) return; // a room is held by its name or its corner
  held = { group, resize: event.target.matches(".handle"), from: pointer(event), start: numbers(group) };
  group.classList.add("is-held");
  editor.setPointerCapture(event.pointerId);
  event.preventDefault();
});

editor.addEventListener("pointermove", (event) => {
  if (!held) return;
  const at = pointer(event);
  const dx = Math.round((at.x - held.from.x) / UNIT);
  const dy = Math.round((at.y - held.from.y) / UNIT);
  place(held.group, moved(held.group, held.resize, held.start, dx, dy));
});

for (const end of ["pointerup", "pointercancel"]) {
  editor.addEventListener(end, () => {
    held?.group.classList.remove("is-held");
    held = null;
  });
}

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

editor.addEventListener("keydown", (event) => {
  const group = event.target.closest(".room, .thing");
  if (!group || !STEPS[event.key]) return;
  const [dx, dy] = STEPS[event.key];
  place(group, moved(group, event.shiftKey && isRoom(group), numbers(group), dx, dy));
  event.preventDefault();
});

// Who types is not interrupted: the drawing follows as soon as the numbers are complete.
form.addEventListener("input", (event) => {
  const group = editor.querySelector(`[data-field="${CSS.escape(event.target.name)}"]`);
  const typed = event.target.value.trim().split(/\s+/);
  if (group && typed.length === numbers(group).length && typed.every((word) => /^\d{1,3}$/.test(word))) show(group, typed.map(Number));
});
