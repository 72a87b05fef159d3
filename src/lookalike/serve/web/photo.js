// The photograph of a question: its garments marked, and a box that is drawn, moved and resized, by hand or by keys.

import { make } from "./elements.js";

const LEAST = 0.04; // of the picture's side: no box is smaller
const STEP = 0.02; // of the picture's side that an arrow key moves

/**
 * A photograph and its boxes.
 * garments: [{box, label}]. selected: "1", "2"... the garment, "box" with `box`, or "whole".
 * onselect(number): a garment was chosen. onbox(box): a box was drawn or changed.
 */
export function photo(address, { garments, selected, box, onselect, onbox }) {
  const image = make("img", { src: address, alt: "The picture that is asked about", draggable: "false" });
  const stage = make("div", { class: "stage" }, image);
  const caption = make("figcaption", { class: "faint" }, "Draw a box on the picture to look for that part.");
  const frame = make("figure", { class: "photo" }, stage, caption);
  image.addEventListener("error", () => {
    frame.classList.add("unseen");
    caption.textContent = "This picture cannot be shown here.";
  });

  const chosen = garments[Number(selected) - 1];
  garments.forEach((garment, at) => {
    if (garment === chosen) return;
    const mark = make("button", { type: "button", class: "mark", "aria-label": `${garment.label}, garment ${at + 1}`, title: garment.label, onclick: () => onselect(at + 1) },
      make("span", { class: "dot" }, String(at + 1)));
    place(mark, garment.box);
    stage.append(mark);
  });
  const current = selected === "box" ? box : chosen?.box;
  let held = current ? movable(stage, current, chosen?.label ?? "Your box", onbox) : null;

  stage.addEventListener("pointerdown", event => {
    if (event.button !== 0 || event.target !== image) return;
    event.preventDefault();
    const start = at(stage, event);
    let drawn = null;
    follow(stage, event, moved => {
      const end = at(stage, moved);
      const wanted = [Math.min(start[0], end[0]), Math.min(start[1], end[1]), Math.max(start[0], end[0]), Math.max(start[1], end[1])];
      if (!drawn && Math.hypot(end[0] - start[0], end[1] - start[1]) < LEAST) return;
      if (!drawn) {
        held?.remove();
        held = drawn = movable(stage, wanted, "Your box", onbox);
      }
      drawn.move(wanted);
    }, () => { if (drawn) onbox(atLeast(drawn.box())); });
  });
  return frame;
}

/** A box that can be moved and resized. `remove()`, `move(box)`, `box()`. */
function movable(stage, start, label, onbox) {
  let box = [...start];
  const element = make("div", { class: "box", tabindex: "0", role: "group", "aria-roledescription": "movable box",
    "aria-label": `${label}: arrow keys move the box, with Shift they resize it, Enter looks for it` },
    ["nw", "n", "ne", "e", "se", "s", "sw", "w"].map(side => make("span", { class: `handle ${side}`, "data-side": side })));
  const move = wanted => {
    box = wanted;
    place(element, box);
  };
  move(box);
  stage.append(element);

  element.addEventListener("pointerdown", event => {
    if (event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    element.focus();
    const from = at(stage, event), before = [...box], side = event.target.dataset?.side ?? "";
    follow(element, event, moved => {
      const to = at(stage, moved);
      move(dragged(before, side, to[0] - from[0], to[1] - from[1]));
    }, () => { if (String(box) !== String(before)) onbox(box); });
  });
  const keys = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
  element.addEventListener("keydown", event => {
    if (event.key === "Enter") return onbox(box);
    const step = keys[event.key];
    if (!step) return;
    event.preventDefault();
    move(dragged(box, event.shiftKey ? "se" : "", ...step));
  });
  return { remove: () => element.remove(), move, box: () => box };
}

/** A box after a drag of one of its sides or corners, or of the whole; it stays on the picture. */
export function dragged([left, top, right, bottom], side, across, down) {
  if (!side) {
    const x = clamp(across, -left, 1 - right), y = clamp(down, -top, 1 - bottom);
    return [left + x, top + y, right + x, bottom + y];
  }
  if (side.includes("w")) left = clamp(left + across, 0, right - LEAST);
  if (side.includes("e")) right = clamp(right + across, left + LEAST, 1);
  if (side.includes("n")) top = clamp(top + down, 0, bottom - LEAST);
  if (side.includes("s")) bottom = clamp(bottom + down, top + LEAST, 1);
  return [left, top, right, bottom];
}

function atLeast([left, top, right, bottom]) {
  left = Math.min(left, 1 - LEAST);
  top = Math.min(top, 1 - LEAST);
  return [left, top, Math.max(right, left + LEAST), Math.max(bottom, top + LEAST)];
}

const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

function place(element, [left, top, right, bottom]) {
  Object.assign(element.style, {
    left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * (right - left)}%`, height: `${100 * (bottom - top)}%`,
  });
}

/** Where a pointer is on the picture, as fractions. */
function at(stage, event) {
  const { left, top, width, height } = stage.getBoundingClientRect();
  return [clamp((event.clientX - left) / width, 0, 1), clamp((event.clientY - top) / height, 0, 1)];
}

function follow(element, event, onmove, onend) {
  element.setPointerCapture(event.pointerId);
  const end = () => {
    element.removeEventListener("pointermove", onmove);
    for (const name of ["pointerup", "pointercancel"]) element.removeEventListener(name, end);
    onend();
  };
  element.addEventListener("pointermove", onmove);
  for (const name of ["pointerup", "pointercancel"]) element.addEventListener(name, end);
}
