// Elements of the page. Text that comes from elsewhere, such as the name of a file, is only ever
// set as text or as an attribute, never parsed as HTML.

/**
 * h returns an element. Properties that begin with "on" are listeners, "class" is the class, and
 * all others are attributes: true is an attribute without a value, false and null leave it out.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// The outlines of icons, in a square of 24 units.
const outlines = {
  file: "M6 3h8l5 5v13H6zM14 3v5h5",
  folder: "M3 6h6l2 2h10v11H3z",
  download: "M12 4v11m-5-4 5 5 5-5M5 20h14",
  rename: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  share: "M15 8l-6 3.5m0 1L15 16M18 9a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM6 14.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM18 20a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z",
  remove: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.500 11v5m3-5v5",
  upload: "M12 20V9m-5 4 5-5 5 5M5 4h14",
  newFolder: "M3 6h6l2 2h10v11H3zM12 11v5m-2.500-2.500h5",
  refresh: "M19 12a7 7 0 1 1-2-5l2 2m0-5v5h-5",
  pause: "M9 5v14m6-14v14",
  resume: "M7 5l12 7-12 7z",
  cancel: "M6 6l12 12M18 6L6 18",
};

/** icon returns an icon, which assistive technology does not see. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true", focusable: "false" })) {
    svg.setAttribute(key, value);
  }
  path.setAttribute("d", outlines[name]);
  svg.append(path);
  return svg;
}

/** button returns a button with an icon and a text. */
export function button(iconName, text, onclick, properties = {}) {
  return h("button", { type: "button", class: "button", onclick, ...properties }, icon(iconName), h("span", {}, text));
}

/** iconButton returns a button with only an icon, which label describes. */
export function iconButton(iconName, label, onclick, properties = {}) {
  return h("button", { type: "button", class: "icon-button", title: label, "aria-label": label, onclick, ...properties }, icon(iconName));
}
