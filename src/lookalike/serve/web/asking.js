// Where a question is put: words with suggestions, a picture dropped, pasted, chosen or linked.

import * as api from "./api.js";
import { ask, now } from "./address.js";
import { picture, price, titleOf } from "./cards.js";
import { fill, find, icon, make, settled } from "./elements.js";
import { keep } from "./pictures.js";

const ADDRESS = /^https?:\/\/\S+$/i;
const SUGGESTED = 6;

/** say: how the page tells of an error. */
export function prepare(say) {
  const form = find("#ask"), words = find("#words"), list = find("#suggestions"), file = find("#file");
  let chosen = -1, request = null;

  fill(find("#open-picture"), icon("camera")).setAttribute("aria-label", "Search with a picture");
  fill(find("#go"), icon("search")).setAttribute("aria-label", "Search");
  fill(find("#drop"), icon("camera"), make("span", {}, make("b", {}, "Choose a picture"), " or drop it anywhere, or paste it"));

  const options = () => [...list.children];
  const close = () => {
    request?.abort();
    list.hidden = true;
    chosen = -1;
    words.setAttribute("aria-expanded", "false");
    words.removeAttribute("aria-activedescendant");
  };
  const choose = at => {
    options().forEach((option, n) => option.setAttribute("aria-selected", String(n === at)));
    chosen = at;
    if (at >= 0) words.setAttribute("aria-activedescendant", options()[at].id);
    else words.removeAttribute("aria-activedescendant");
  };
  const take = option => {
    close();
    ask(option.dataset.product ? { product: option.dataset.product } : { text: words.value.trim() });
    words.blur();
  };

  const suggest = settled(async () => {
    const said = words.value.trim();
    if (!said || ADDRESS.test(said) || document.activeElement !== words) return close();
    request?.abort();
    request = new AbortController();
    const signal = request.signal;
    let found = [];
    try {
      found = await api.products(said, SUGGESTED, signal);
    } catch {
      if (signal.aborted) return; // a question that failed says so when it is asked for good
    }
    if (words.value.trim() !== said) return;
    fill(list,
      make("li", { role: "option", id: "suggestion-words", "aria-selected": "false", class: "in-words" }, icon("search"), make("span", {}, "Search for “", make("b", {}, said), "”")),
      found.map((product, at) => make("li", { role: "option", id: `suggestion-${at}`, "aria-selected": "false", "data-product": product.id },
        picture(product, 128), make("span", { class: "named" }, make("span", {}, titleOf(product)), make("small", {}, product.id)), make("span", { class: "price" }, price(product)))));
    list.hidden = false;
    words.setAttribute("aria-expanded", "true");
    choose(-1);
  }, 120);

  words.addEventListener("input", suggest);
  words.addEventListener("focus", suggest);
  words.addEventListener("blur", () => setTimeout(close, 150));
  words.addEventListener("keydown", event => {
    const count = options().length;
    if (event.key === "Escape") close();
    if (list.hidden || !count) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      choose(chosen < 0 && step < 0 ? count - 1 : (chosen + step + count) % count);
    }
  });
  list.addEventListener("pointerdown", event => {
    const option = event.target.closest("li");
    event.preventDefault();
    if (option) take(option);
  });
  form.addEventListener("submit", event => {
    event.preventDefault();
    const said = words.value.trim();
    if (chosen >= 0 && !list.hidden) return take(options()[chosen]);
    close();
    if (ADDRESS.test(said)) ask({ image: said });
    else if (said) ask({ text: said });
  });

  const takeFile = async given => {
    if (!given) return;
    if (!given.type.startsWith("image/")) return say(`“${given.name}” is not a picture: use a JPEG, PNG, WebP or AVIF.`);
    ask({ image: await keep(given) });
  };
  for (const button of [find("#open-picture"), find("#drop")]) button.addEventListener("click", () => file.click());
  file.addEventListener("change", () => {
    takeFile(file.files[0]);
    file.value = "";
  });

  const veil = find("#veil");
  let depth = 0; // of the elements entered; a drag leaves one after it has entered the next
  const carries = event => [...(event.dataTransfer?.types ?? [])].some(type => type === "Files" || type === "text/uri-list");
  addEventListener("dragenter", event => { if (carries(event)) { depth += 1; veil.hidden = false; } });
  addEventListener("dragleave", () => { depth = Math.max(0, depth - 1); if (!depth) veil.hidden = true; });
  addEventListener("dragover", event => { if (carries(event)) event.preventDefault(); });
  addEventListener("drop", event => {
    depth = 0;
    veil.hidden = true;
    if (!carries(event)) return;
    event.preventDefault();
    const link = event.dataTransfer.getData("text/uri-list").split("\n").find(line => ADDRESS.test(line.trim()));
    if (event.dataTransfer.files.length) takeFile(event.dataTransfer.files[0]);
    else if (link) ask({ image: link.trim() });
  });
  addEventListener("paste", event => {
    const pasted = [...(event.clipboardData?.files ?? [])].find(one => one.type.startsWith("image/"));
    if (pasted) {
      event.preventDefault();
      takeFile(pasted);
      return;
    }
    const said = event.clipboardData?.getData("text").trim() ?? "";
    if (ADDRESS.test(said) && !["INPUT", "TEXTAREA"].includes(document.activeElement?.tagName)) ask({ image: said });
  });
  addEventListener("keydown", event => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || ["INPUT", "TEXTAREA"].includes(event.target.tagName)) return;
    event.preventDefault();
    words.focus();
    words.select();
  });
}

/** Put the words of the question into the field, unless somebody is writing there. */
export function show() {
  const words = find("#words"), { text, product, image } = now();
  if (document.activeElement !== words) words.value = product || image ? "" : text;
}
