// <lookalike-similar product="SKU"> or <lookalike-similar data-look="https://.../photo.jpg"> on any page of a shop.
//
// One script tag: <script src="https://similar.example/widget.js" defer></script>. No cookies, nothing kept, no style
// leaks in or out; CSS variables and ::part() dress it. Where there is nothing to show it takes no room.
//
//   product      id of the product that the page is about
//   data-look    address of a photograph instead: a strip for each garment, as tabs
//   k            how many products; 12 when not given
//   where        filters, such as "in_stock;price<80"
//   heading      over the strip; "You may also like" when not given
//   href         where a product leads, with {id} in it; else the product's own page, where the catalogue says it
//   server, api-key    where the script is not served by the server itself; a key that may only read
//
// The event "lookalike-select" (detail: the match) comes before a product is opened; preventDefault() keeps it closed.
(() => {
  "use strict";
  const HOME = new URL(".", document.currentScript?.src ?? location.href);

  const SHEET = new CSSStyleSheet();
  SHEET.replaceSync(`
    :host { display: block; font: var(--lookalike-font, inherit); color: var(--lookalike-ink, inherit); container-type: inline-size }
    :host([hidden]) { display: none }
    .head { display: flex; align-items: center; gap: 1rem; margin-block-end: var(--lookalike-gap, 1rem) }
    h2 { flex: 1; margin: 0; font: var(--lookalike-heading-font, 500 1.25em/1.2 inherit); font-size: var(--lookalike-heading-size, 1.25em) }
    button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer }
    .turn { inline-size: 2.5rem; block-size: 2.5rem; border: 1px solid var(--lookalike-line, rgb(128 128 128 / .35)); border-radius: 50%; line-height: 1 }
    .turn:disabled { opacity: .3; cursor: default }
    .tabs { display: flex; gap: .5rem; margin-block-end: var(--lookalike-gap, 1rem); overflow-x: auto; scrollbar-width: none }
    [role="tab"] { flex: none; padding: .45em 1em; border: 1px solid var(--lookalike-line, rgb(128 128 128 / .35)); border-radius: 99px; text-transform: capitalize }
    [role="tab"][aria-selected="true"] { background: var(--lookalike-accent, #1b1a18); border-color: transparent; color: var(--lookalike-on-accent, #fff) }
    ul { display: flex; gap: var(--lookalike-gap, 1rem); margin: 0; padding: 0; list-style: none; overflow-x: auto; overscroll-behavior-x: contain; scroll-snap-type: x proximity; scroll-behavior: smooth; scrollbar-width: none }
    li { flex: 0 0 var(--lookalike-card-width, clamp(8.5rem, 22cqi, 13rem)); scroll-snap-align: start; min-inline-size: 0 }
    a { display: block; color: inherit; text-decoration: none; border-radius: var(--lookalike-radius, 10px) }
    :focus-visible { outline: 2px solid var(--lookalike-accent, currentColor); outline-offset: 2px }
    a:focus-visible { outline-offset: -2px }
    .picture { display: block; aspect-ratio: var(--lookalike-aspect, 3 / 4); overflow: hidden; border-radius: var(--lookalike-radius, 10px); background: var(--lookalike-tile, #f3f1ed) }
    img { inline-size: 100%; block-size: 100%; object-fit: contain; mix-blend-mode: multiply; transition: transform .5s }
    a:hover img { transform: scale(1.04) }
    .title { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; margin-block-start: .6em; font-size: .9375em; line-height: 1.35 }
    .price { display: block; margin-block-start: .15em; opacity: .75; font-size: .9375em; font-variant-numeric: tabular-nums }
    @media (prefers-reduced-motion: reduce) { ul { scroll-behavior: auto } img { transition: none } }
  `);

  const make = (tag, facts = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(facts)) if (value !== null && value !== undefined) element.setAttribute(name, value);
    element.append(...children.filter(child => child !== null));
    return element;
  };

  class LookalikeSimilar extends HTMLElement {
    static observedAttributes = ["product", "data-look", "k", "where", "heading", "href", "server", "api-key"];

    #root = this.attachShadow({ mode: "open" });
    #near = null;
    #request = null;

    constructor() {
      super();
      this.#root.adoptedStyleSheets = [SHEET];
    }

    connectedCallback() {
      this.#near = new IntersectionObserver(entries => {
        if (!entries.some(entry => entry.isIntersecting)) return;
        this.#near.disconnect();
        this.#load();
      }, { rootMargin: "600px" }); // nothing is asked for before somebody may see it
      this.#near.observe(this);
    }

    disconnectedCallback() {
      this.#near?.disconnect();
      this.#request?.abort();
    }

    attributeChangedCallback(_name, before, after) {
      if (!this.isConnected || before === after || !this.#near) return;
      this.hidden = false;
      this.disconnectedCallback();
      this.connectedCallback();
    }

    get #server() {
      const given = this.getAttribute("server");
      return given ? new URL(given.endsWith("/") ? given : `${given}/`, location.href) : HOME;
    }

    async #load() {
      this.#request?.abort();
      const { signal } = (this.#request = new AbortController());
      try {
        const lists = this.dataset.look ? await this.#look(signal) : await this.#similar(signal);
        if (!signal.aborted) this.#show(lists.filter(list => list.matches.length));
      } catch (error) {
        if (signal.aborted) return;
        this.#show([]);
        console.warn(`lookalike-similar: ${error.message}`);
      }
    }

    async #similar(signal) {
      const product = this.getAttribute("product");
      if (!product) return [];
      const asked = new URLSearchParams([["k", this.#count], ...this.#where.map(term => ["where", term])]);
      const { matches } = await this.#ask(`v1/products/${encodeURIComponent(product)}/similar?${asked}`, { signal });
      return [{ label: "", matches }];
    }

    async #look(signal) {
      const image_url = new URL(this.dataset.look, location.href).href;
      const { garments } = await this.#ask("v1/look", {
        method: "POST", signal, headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ image_url, k: this.#count, where: this.#where }),
      });
      return garments;
    }

    get #count() {
      return Math.min(50, Math.max(1, parseInt(this.getAttribute("k"), 10) || 12));
    }

    get #where() {
      return (this.getAttribute("where") ?? "").split(";").map(term => term.trim()).filter(Boolean);
    }

    async #ask(path, options) {
      const key = this.getAttribute("api-key");
      const response = await fetch(new URL(path, this.#server), {
        ...options, credentials: "omit", headers: { ...options.headers, ...(key && { Authorization: `Bearer ${key}` }) },
      });
      if (response.ok) return response.json();
      const told = await response.json().catch(() => ({}));
      throw new Error(told.detail ?? `the server answered ${response.status}`);
    }

    #show(lists) {
      this.hidden = !lists.length;
      if (!lists.length) return this.#root.replaceChildren();
      const strip = make("ul", { part: "strip" });
      const heading = make("h2", { part: "heading", id: "heading" }, this.getAttribute("heading") ?? (this.dataset.look ? "Shop the look" : "You may also like"));
      const turn = (sign, label, by) => {
        const button = make("button", { type: "button", class: "turn", part: "turn", "aria-label": label }, sign);
        button.addEventListener("click", () => strip.scrollBy({ left: by * strip.clientWidth * 0.85 }));
        return button;
      };
      const back = turn("←", "Back", -1), on = turn("→", "On", 1);
      const ends = () => {
        back.disabled = Math.abs(strip.scrollLeft) < 4;
        on.disabled = Math.abs(strip.scrollLeft) + strip.clientWidth > strip.scrollWidth - 4;
        back.hidden = on.hidden = strip.scrollWidth <= strip.clientWidth + 4;
      };
      const fill = list => {
        strip.replaceChildren(...list.matches.map(match => this.#card(match)));
        strip.scrollLeft = 0;
        ends();
      };
      strip.addEventListener("scroll", ends, { passive: true });
      const parts = [make("div", { class: "head" }, heading, back, on)];
      if (lists.length > 1) parts.push(this.#tabs(lists, fill));
      this.#root.replaceChildren(make("section", { "aria-labelledby": "heading", part: "box" }, ...parts, strip));
      fill(lists[0]);
      this.dispatchEvent(new CustomEvent("lookalike-shown", { detail: lists, bubbles: true, composed: true }));
    }

    #tabs(lists, fill) {
      const tabs = make("div", { class: "tabs", role: "tablist", "aria-label": "Garments", part: "tabs" });
      const choose = at => {
        [...tabs.children].forEach((tab, n) => {
          tab.setAttribute("aria-selected", String(n === at));
          tab.tabIndex = n === at ? 0 : -1;
        });
        fill(lists[at]);
      };
      lists.forEach((list, at) => {
        const tab = make("button", { type: "button", role: "tab", part: "tab", "aria-selected": String(!at), tabindex: at ? "-1" : "0" }, list.label);
        tab.addEventListener("click", () => choose(at));
        tab.addEventListener("keydown", event => {
          const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (!step) return;
          const next = (at + step + lists.length) % lists.length;
          choose(next);
          tabs.children[next].focus();
        });
        tabs.append(tab);
      });
      return tabs;
    }

    #card(match) {
      const title = match.title || match.id, pattern = this.getAttribute("href");
      const href = pattern ? pattern.replaceAll("{id}", encodeURIComponent(match.id)) : match.url;
      const picture = make("span", { class: "picture", part: "picture" });
      if (match.thumbnail) picture.append(this.#image(new URL(match.thumbnail, this.#server)));
      const link = make("a", { part: "card", href: href ?? "#" }, picture,
        make("span", { class: "title", part: "title" }, title), make("span", { class: "price", part: "price" }, this.#price(match)));
      link.addEventListener("click", event => {
        const chosen = new CustomEvent("lookalike-select", { detail: match, bubbles: true, composed: true, cancelable: true });
        if (!this.dispatchEvent(chosen) || !href) event.preventDefault();
      });
      return make("li", {}, link);
    }

    #image(address) {
      const image = make("img", { alt: "", loading: "lazy", decoding: "async", referrerpolicy: "no-referrer" });
      const key = this.getAttribute("api-key");
      image.addEventListener("error", () => image.remove(), { once: true });
      if (!key) {
        image.src = address;
        return image;
      }
      fetch(address, { credentials: "omit", headers: { Authorization: `Bearer ${key}` } })
        .then(response => (response.ok ? response.blob() : Promise.reject(new Error(String(response.status)))))
        .then(bytes => {
          const shown = URL.createObjectURL(bytes);
          image.addEventListener("load", () => URL.revokeObjectURL(shown), { once: true });
          image.src = shown;
        })
        .catch(() => image.remove());
      return image;
    }

    #price({ price, currency }) {
      if (price === null || price === undefined) return "";
      const language = this.closest("[lang]")?.lang || undefined;
      try {
        return new Intl.NumberFormat(language, currency ? { style: "currency", currency } : { minimumFractionDigits: 2 }).format(price);
      } catch {
        return price.toFixed(2); // a currency that is none
      }
    }
  }

  if (!customElements.get("lookalike-similar")) customElements.define("lookalike-similar", LookalikeSimilar);
})();
