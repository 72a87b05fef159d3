// What refines an answer: how much shape, words and colour count, and filters with their counts.

import * as api from "./api.js";
import { PARTS, go, now, terms } from "./address.js";
import { fill, find, make, settled } from "./elements.js";

const CALLED = { image: "Shape", text: "Words", colour: "Colour" };
const USUAL = { image: 1, text: 0.5, colour: 0.3 }; // what a recipe weighs, until the server has said its own
const STRONGEST = 2;
const SHOWN = 7; // values of a field, until more are asked for
const OPEN = 3; // fields that are open from the start

// -- weights ------------------------------------------------------------------------------------------------------

const sliders = {};
let usual = USUAL;

/** weights: what the server said it weighed. */
export function showWeights(weights) {
  const section = find("#weights"), state = now();
  if (weights && !Object.keys(state.weights).length) usual = { ...usual, ...weights };
  if (!sliders.image) build(section);
  for (const part of PARTS) {
    const value = state.weights[part] ?? usual[part];
    if (document.activeElement !== sliders[part].range || !Object.keys(state.weights).length) sliders[part].range.value = value;
    sliders[part].tell(value);
  }
  find(".reset", section).hidden = !Object.keys(state.weights).length;
}

function build(section) {
  const turn = settled(() => go({ weights: Object.fromEntries(PARTS.map(part => [part, Number(sliders[part].range.value)])) }, { replace: true }), 200);
  const rows = PARTS.map(part => {
    const range = make("input", { type: "range", min: "0", max: String(STRONGEST), step: "0.1", id: `weight-${part}`, name: part });
    const said = make("output", { for: `weight-${part}` });
    const tell = value => {
      said.textContent = Number(value) === 0 ? "off" : Number(value).toFixed(1);
      range.style.setProperty("--share", `${(100 * value) / STRONGEST}%`);
    };
    range.addEventListener("input", () => {
      tell(range.value);
      turn();
    });
    sliders[part] = { range, tell };
    return make("div", { class: "weight" }, make("label", { for: `weight-${part}` }, CALLED[part]), range, said);
  });
  fill(section, make("div", { class: "panel-head" }, make("h2", { class: "label", id: "weights-heading" }, "What counts"),
    make("button", { type: "button", class: "reset text", onclick: () => go({ weights: {} }, { replace: true }) }, "Reset")), rows);
}

// -- filters ------------------------------------------------------------------------------------------------------

const opened = new Map(); // field -> whether its values are open; what was opened stays so
const longer = new Set(); // fields of which all values are shown
let request = null, fields = null;

export async function showFacets() {
  request?.abort();
  request = new AbortController();
  const { signal } = request, state = now();
  const chosen = Object.keys(state.where);
  try {
    const [all, ...own] = await Promise.all([
      api.facets(fields ?? [], terms(state), signal),
      ...chosen.map(field => api.facets([field], terms(state, { except: field }), signal)), // what else the field could be
    ]);
    if (Object.keys(all.facets).length && !terms(state).length) fields ??= Object.keys({ ...all.facets, ...all.ranges });
    chosen.forEach((field, at) => Object.assign(all.facets, own[at].facets));
    render(all);
  } catch (error) {
    if (!signal.aborted) fill(find("#facets"), make("p", { class: "faint" }, `No filters: ${error.message}`));
  }
}

function render({ total, facets, ranges }) {
  const section = find("#facets"), state = now(), focus = document.activeElement?.id;
  const count = Object.values(state.where).flat().length + Boolean(state.least) + Boolean(state.most) + state.stock;
  fill(section,
    make("div", { class: "panel-head" }, make("h2", { class: "label", id: "facets-heading" }, "Filter"),
      make("span", { class: "faint" }, `${total.toLocaleString()} products`),
      count ? make("button", { type: "button", class: "reset text", onclick: () => go({ where: {}, least: "", most: "", stock: false }) }, "Clear") : null),
    ranges?.price || state.least || state.most ? prices(ranges?.price) : null,
    (facets.in_stock?.length ?? 0) > 1 || state.stock ? make("label", { class: "value" }, make("input", { type: "checkbox", id: "stock", checked: state.stock, onchange: event => go({ stock: event.target.checked }) }),
      make("span", {}, "In stock only")) : null,
    Object.entries(facets).filter(([name, values]) => values.length && name !== "in_stock").map(([name, values], at) => field(name, values, at)));
  if (focus) document.getElementById(focus)?.focus();
}

function prices(range) {
  const { least, most } = now();
  const bound = (name, label, value, hint) => make("label", {}, make("span", { class: "hidden" }, label),
    make("input", { type: "number", min: "0", step: "any", inputmode: "decimal", id: `price-${name}`, value, placeholder: hint === undefined ? label : String(hint),
      onchange: event => go({ [name]: event.target.value }) }));
  return make("div", { class: "prices" }, make("span", {}, "Price"),
    bound("least", "From", least, range && Math.floor(range[0])), make("span", { "aria-hidden": "true" }, "–"), bound("most", "To", most, range && Math.ceil(range[1])));
}

function field(name, values, at) {
  const chosen = now().where[name] ?? [];
  const known = new Set(values.map(one => one.value));
  const all = [...chosen.filter(value => !known.has(value)).map(value => ({ value, count: 0 })), ...values];
  const shown = longer.has(name) ? all : all.filter((one, n) => n < SHOWN || chosen.includes(one.value));
  const wordOf = shownAs(all.map(one => one.value));
  const details = make("details", { class: "facet", open: opened.get(name) ?? (at < OPEN || chosen.length > 0) },
    make("summary", {}, make("span", {}, named(name)), chosen.length ? make("span", { class: "tally" }, String(chosen.length)) : null),
    shown.map((one, n) => make("label", { class: "value" },
      make("input", { type: "checkbox", id: `is-${name}-${n}`, checked: chosen.includes(one.value), onchange: event => choose(name, one.value, event.target.checked) }),
      swatch(name, one.value),
      make("span", { class: "value-name", title: one.value }, wordOf(one.value)), make("span", { class: "faint" }, one.count.toLocaleString()))),
    shown.length < all.length ? make("button", { type: "button", class: "text", onclick: () => { longer.add(name); showFacets(); } }, `${all.length - shown.length} more`) : null);
  details.addEventListener("toggle", () => opened.set(name, details.open));
  return details;
}

/** How values are shown: of a path its last step, where that is enough to tell it from the others; of a truth a word. */
function shownAs(values) {
  const last = value => value.split("/").filter(Boolean).at(-1) ?? value;
  const count = new Map();
  for (const value of values) count.set(last(value), (count.get(last(value)) ?? 0) + 1);
  return value => ({ true: "Yes", false: "No" })[value] ?? (count.get(last(value)) === 1 ? last(value) : value.replaceAll("/", " / "));
}

const TONES = {
  beige: "#e4d5b7", black: "#1b1b1b", blue: "#2f5fb3", bronze: "#8c6239", brown: "#6b4429", burgundy: "#6d1a2d", camel: "#c19a6b",
  charcoal: "#3f4347", copper: "#b0703c", coral: "#f5796b", cream: "#f5ecd7", denim: "#4a6a94", ecru: "#e8dfc8", fuchsia: "#d2338b",
  gold: "#c9a227", gray: "#8b8b8b", green: "#3c7d4b", grey: "#8b8b8b", indigo: "#3b3a80", ivory: "#f8f4e6", khaki: "#a39264",
  lavender: "#b9a5d6", lilac: "#c3aad6", lime: "#a7c93b", magenta: "#c2318e", maroon: "#6b1f2a", mauve: "#a67f9b", metallic: "#a9abb0",
  mint: "#a8d5ba", mustard: "#d0a02c", navy: "#1f2c4d", nude: "#e3bfa4", olive: "#6f7238", orange: "#e57b2e", peach: "#f6c19c",
  pink: "#e88aae", plum: "#5e2b54", purple: "#6f4699", red: "#b8262f", rose: "#d98594", rust: "#a4491f", salmon: "#f08f7a",
  sand: "#d9c6a0", silver: "#c4c7cb", skin: "#e6bfa0", steel: "#7d8791", tan: "#c6a274", taupe: "#8f8074", teal: "#1f7a7a",
  turquoise: "#3fb5ad", violet: "#7a4fa3", white: "#ffffff", wine: "#5f1a2c", yellow: "#f0cf3f",
};

/** A colour's own colour, where its name is one; null elsewhere. */
function swatch(field, value) {
  if (!/colou?r$/i.test(field)) return null;
  const tone = TONES[value.toLowerCase().split(/[^a-z]+/).find(word => word in TONES)];
  const dab = make("span", { class: /multi|assorted/i.test(value) ? "swatch many" : "swatch", "aria-hidden": "true" });
  if (tone) dab.style.backgroundColor = tone;
  else if (!dab.classList.contains("many")) dab.classList.add("unknown");
  return dab;
}

function choose(name, value, on) {
  const { where } = now(), values = (where[name] ?? []).filter(one => one !== value);
  const next = { ...where, [name]: on ? [...values, value] : values };
  if (!next[name].length) delete next[name];
  go({ where: next });
}

/** A column's name as a heading. */
export function named(name) {
  const words = name.replace(/^.*\./, "").replace(/[_-]+/g, " ").replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return words === "audience" ? "Department" : words.charAt(0).toUpperCase() + words.slice(1);
}
