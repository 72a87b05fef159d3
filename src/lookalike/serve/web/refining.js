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
    fields ??= Object.keys(all.facets).length && !terms(state).length ? Object.keys(all.facets) : null;
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
    make("label", { class: "value" }, make("input", { type: "checkbox", id: "stock", checked: state.stock, onchange: event => go({ stock: event.target.checked }) }),
      make("span", {}, "In stock only")),
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
  const details = make("details", { class: "facet", open: opened.get(name) ?? (at < OPEN || chosen.length > 0) },
    make("summary", {}, make("span", {}, named(name)), chosen.length ? make("span", { class: "tally" }, String(chosen.length)) : null),
    shown.map((one, n) => make("label", { class: "value" },
      make("input", { type: "checkbox", id: `is-${name}-${n}`, checked: chosen.includes(one.value), onchange: event => choose(name, one.value, event.target.checked) }),
      make("span", { class: "value-name" }, one.value), make("span", { class: "faint" }, one.count.toLocaleString()))),
    shown.length < all.length ? make("button", { type: "button", class: "text", onclick: () => { longer.add(name); showFacets(); } }, `${all.length - shown.length} more`) : null);
  details.addEventListener("toggle", () => opened.set(name, details.open));
  return details;
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
