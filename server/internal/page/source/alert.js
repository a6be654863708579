// The alert of a page.

import { h } from "./dom.js";
import { t } from "./strings.js";

const text = h("span");

/** alertBox shows an error until the user closes it. */
export const alertBox = h("div", { class: "alert", role: "alert", hidden: true }, text,
  h("button", { type: "button", class: "button", onclick: () => (alertBox.hidden = true) }, t("close")));

/** fail shows an error. */
export function fail(error) {
  text.textContent = error.message;
  alertBox.hidden = false;
}
