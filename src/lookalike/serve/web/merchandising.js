// For who looks after the shop: pin, boost, bury and hide, and the rules that stand. It needs a key that may write.

import * as api from "./api.js";
import { open } from "./dialogs.js";
import { fill, iconButton, make } from "./elements.js";
import { titleOf } from "./cards.js";
import { named } from "./refining.js";
import { now } from "./address.js";

const BOOST = 1.5, BURY = 0.5;
const KINDS = { boost: "Boost", bury: "Bury", pin: "Pin", hide: "Hide" };

let page; // {say, changed}: how the page tells of something, and what it does when the rules or the key are others
let ready = false; // whether the tools are shown on each product

/** page: {say(words, {good}), changed()}. */
export function prepare(with_) {
  page = with_;
  ready = Boolean(api.key());
}

export const isReady = () => ready;

/** Buttons for one product of an answer. */
export function tools(match) {
  const product = titleOf(match), state = now();
  const here = state.product ? { when: { id: state.product } } : {};
  const about = state.product ? ` beside ${state.product}` : "";
  const act = (icon, word, rule) => iconButton(icon, `${word} ${product}`, () => add(rule), { class: "deed" });
  return make("div", { class: "merchandise", role: "group", "aria-label": `Rules for ${product}` },
    act("pin", "Pin", { name: `pin ${match.id}${about}`, pin: [match.id], position: 1, ...here }),
    act("up", "Boost", { name: `boost ${match.id}`, boost: BOOST, where: { id: match.id } }),
    act("down", "Bury", { name: `bury ${match.id}`, bury: BURY, where: { id: match.id } }),
    act("hide", "Hide", { name: `hide ${match.id}`, hide: true, where: { id: match.id } }));
}

async function add(rule) {
  await change(rules => [...rules.filter(one => one.name !== rule.name), rule], `Rule “${rule.name}” stands.`);
}

/** Change the rules as they are now on the server. Says whether it went well. */
async function change(next, told) {
  try {
    await api.putRules(next(await api.rules()));
  } catch (error) {
    page.say(error.status === 401 || error.status === 403 ? `${error.message} Give a key that may write, under the key above.` : error.message);
    return false;
  }
  page.say(told, { good: true });
  page.changed();
  return true;
}

// -- the rules that stand -----------------------------------------------------------------------------------------

export async function showRules() {
  const list = make("ol", { class: "rules" }), wrong = make("p", { class: "wrong", role: "alert" });
  open("Rules of the shop", wrong, list, form(async rule => { if (await addChecked(rule, wrong)) await refresh(); }));
  const remove = name => change(rules => rules.filter(one => one.name !== name), `Rule “${name}” is gone.`);
  async function refresh() {
    try {
      const standing = await api.rules();
      fill(list, standing.length ? standing.map(rule => make("li", {},
        make("span", {}, make("b", {}, rule.name), make("small", {}, sentence(rule))),
        iconButton("less", `Remove the rule ${rule.name}`, async () => { await remove(rule.name); await refresh(); }, { class: "quiet" })))
        : make("li", { class: "faint" }, "No rule stands: likeness alone decides."));
    } catch (error) {
      wrong.textContent = error.message;
    }
  }
  await refresh();
}

async function addChecked(rule, wrong) {
  wrong.textContent = "";
  try {
    await api.putRules([...(await api.rules()).filter(one => one.name !== rule.name), rule]);
  } catch (error) {
    wrong.textContent = error.message;
    return false;
  }
  page.changed();
  return true;
}

function form(onadd) {
  const kind = make("select", { name: "kind", id: "rule-kind" }, Object.entries(KINDS).map(([value, word]) => make("option", { value }, word)));
  const what = make("input", { name: "what", id: "rule-what", required: true, placeholder: "brand=Acme", autocomplete: "off" });
  const how = make("input", { name: "how", id: "rule-how", type: "number", step: "0.05", value: String(BOOST), min: "0.05", max: "100" });
  const called = make("label", { for: "rule-what" }, "products that are"), by = make("label", { for: "rule-how" }, "score times");
  kind.addEventListener("change", () => {
    const pins = kind.value === "pin";
    called.textContent = pins ? "products by id" : "products that are";
    what.placeholder = pins ? "id, id" : "brand=Acme";
    by.textContent = pins ? "from place" : "score times";
    how.value = { boost: BOOST, bury: BURY, pin: 1, hide: "" }[kind.value];
    how.min = how.step = pins ? "1" : "0.05"; // steps begin at the least
    how.hidden = by.hidden = kind.value === "hide";
  });
  const submit = event => {
    event.preventDefault();
    const said = what.value.trim(), name = `${kind.value} ${said}`;
    const split = said.split(",").map(one => one.trim()).filter(Boolean);
    onadd({
      boost: { name, boost: Number(how.value), where: said },
      bury: { name, bury: Number(how.value), where: said },
      pin: { name, pin: split, position: Number(how.value) },
      hide: { name, hide: true, where: said },
    }[kind.value]);
  };
  return make("form", { class: "new-rule", onsubmit: submit }, make("label", { for: "rule-kind" }, "New rule"), kind, called, what, by, how,
    make("button", { type: "submit", class: "pill solid" }, "Add"));
}

/** A rule in words. */
function sentence(rule) {
  const does = rule.pin ? `shows ${rule.pin.join(", ")} from place ${rule.position ?? 1} on`
    : rule.boost ? `times ${rule.boost}`
    : rule.bury ? `times ${rule.bury}`
    : rule.hide ? "never shown"
    : rule.at_most ? `at most ${rule.at_most} for each ${named(rule.per)}`
    : rule.same ? `only of the same ${named(rule.same)}`
    : `only of another ${named(rule.other ?? "")}`;
  return [rule.where ? filterWords(rule.where) : "", does, rule.when ? `when asked about ${filterWords(rule.when)}` : "", rule.on ? `for ${rule.on.join(", ")}` : ""]
    .filter(Boolean).join(" · ");
}

const SIGNS = { eq: "=", ne: "≠", lt: "<", le: "≤", gt: ">", ge: "≥" };

function filterWords(where) {
  if (typeof where === "string") return where;
  if (Array.isArray(where)) return where.map(filterWords).join(", ");
  return Object.entries(where).map(([column, wish]) =>
    Array.isArray(wish) ? `${column} is ${wish.join(" or ")}`
      : typeof wish === "object" && wish !== null ? Object.entries(wish).map(([sign, value]) => `${column} ${SIGNS[sign] ?? sign} ${value}`).join(", ")
      : `${column} is ${wish}`).join(", ");
}

// -- the key ------------------------------------------------------------------------------------------------------

export function showKey() {
  const field = make("input", { type: "password", id: "key", autocomplete: "off", value: api.key() });
  const use = value => {
    api.useKey(value);
    ready = Boolean(value) || tried;
    dialog.close();
    page.changed();
  };
  const dialog = open("Key",
    make("p", {}, "A key that may read opens a shop that is not open to all; a key that may write also shows the merchandiser’s tools: pin, boost, bury, hide. It is kept until this tab is closed."),
    make("form", { class: "key", onsubmit: event => { event.preventDefault(); use(field.value.trim()); } },
      make("label", { for: "key" }, "Key"), field,
      make("button", { type: "submit", class: "pill solid" }, "Use it"),
      api.key() ? make("button", { type: "button", class: "pill", onclick: () => use("") }, "Forget it") : null,
      make("button", { type: "button", class: "text", onclick: () => { tried = true; use(api.key()); } }, "Show the merchandiser’s tools without a key")));
  field.focus();
}

let tried = false; // whether the tools are wanted without a key, on a server that lets this machine write
