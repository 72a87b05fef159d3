// A window over the page.

import { iconButton, make } from "./elements.js";

/** Open a modal dialog; it closes by Escape, by its button and by a click beside it, and then is gone. */
export function open(title, ...children) {
  const dialog = make("dialog", { class: "dialog", "aria-labelledby": "dialog-title" },
    make("div", { class: "dialog-head" }, make("h2", { id: "dialog-title" }, title), iconButton("less", "Close", () => dialog.close(), { class: "quiet" })),
    children);
  dialog.addEventListener("click", event => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
