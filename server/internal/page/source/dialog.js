// Dialogs. A dialog is modal: the browser keeps the focus in it, closes it with Escape, and gives
// the focus back.

import { h } from "./dom.js";
import { t } from "./strings.js";

let number = 0;

/**
 * dialog shows a dialog until the user ends it. Its body are elements. Each of buttons has a value
 * and a text; the first of kind "primary" is that of the Enter key. act(value) does what the button
 * says: while it works, the dialog waits, and if it throws, the dialog shows the error and stays. If the user
 * closes the dialog meanwhile, the signal that act gets as well is aborted.
 * cancel is the text of the button that does nothing. The promise has the value of the button; null if the user has canceled.
 */
export function dialog({ title, body, buttons, cancel = t("cancel"), act = async () => {} }) {
  return new Promise((resolve) => {
    const id = `dialog-${++number}`;
    const failure = h("p", { class: "error", role: "alert" });
    const closed = new AbortController();
    let result = null;
    const end = async (value) => {
      failure.textContent = "";
      const controls = [...form.elements];
      for (const control of controls) control.disabled = true;
      try {
        await act(value, closed.signal);
        result = value;
        element.close();
      } catch (error) {
        for (const control of controls) control.disabled = false;
        failure.textContent = error.message;
      }
    };
    const actions = buttons.map(({ value, text, kind }) =>
      h("button", { type: kind === "primary" ? "submit" : "button", class: `button ${kind ?? ""}`, onclick: kind === "primary" ? null : () => end(value) }, text));
    const primary = buttons.find(({ kind }) => kind === "primary");
    const form = h("form", {
      onsubmit: (event) => {
        event.preventDefault();
        if (primary) end(primary.value);
      },
    },
    h("h2", { id }, title), ...body, failure,
    h("div", { class: "dialog-buttons" }, h("button", { type: "button", class: "button", onclick: () => element.close() }, cancel), ...actions));
    const element = h("dialog", {
      "aria-labelledby": id,
      onclose: () => {
        closed.abort();
        element.remove();
        resolve(result);
      },
    }, form);
    document.body.append(element);
    element.showModal();
    const field = form.querySelector("input, select");
    if (field) field.focus();
  });
}

/** field returns a labelled input. */
export function field(label, properties, hint) {
  const id = `field-${++number}`;
  const input = h("input", { id, autocomplete: "off", "aria-describedby": hint ? `${id}-hint` : null, ...properties });
  return { input, element: h("p", { class: "field" }, h("label", { for: id }, label), input, hint ? h("span", { id: `${id}-hint`, class: "hint" }, hint) : null) };
}

/** selection returns a labelled selection of values with their texts. */
export function selection(label, options, selected) {
  const id = `field-${++number}`;
  const select = h("select", { id }, ...options.map(([value, text]) => h("option", { value, selected: value === selected }, text)));
  return { input: select, element: h("p", { class: "field" }, h("label", { for: id }, label), select) };
}

/** checkbox returns a labelled box to tick. */
export function checkbox(label) {
  const id = `field-${++number}`;
  const input = h("input", { id, type: "checkbox" });
  return { input, element: h("p", { class: "check" }, input, h("label", { for: id }, label)) };
}
