// Files and folders that the user drags onto the page.

import { h } from "./dom.js";
import { dropped } from "./gather.js";
import { t } from "./strings.js";

/**
 * dropZone returns an element that covers the page while the user drags files over it. accepts tells whether
 * the page takes files, directory where they go, and text what the element says. add(files, batch) gets
 * what was dropped, in groups of one batch, done is called after the last, and fail gets an error.
 */
export function dropZone({ accepts, directory, text, add, done, fail }) {
  const hint = h("p");
  const area = h("div", { class: "drop", hidden: true, "aria-hidden": "true" }, hint);
  const hasFiles = (event) => accepts() && event.dataTransfer?.types.includes("Files");
  let depth = 0; // of elements that the pointer is in while it drags
  addEventListener("dragenter", (event) => {
    if (hasFiles(event)) depth++;
  });
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (!area.hidden) return;
    hint.textContent = text();
    area.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (hasFiles(event) && --depth <= 0) area.hidden = true;
  });
  addEventListener("drop", (event) => {
    depth = 0;
    area.hidden = true;
    if (!hasFiles(event)) return;
    event.preventDefault();
    take(dropped(event.dataTransfer, directory()), add).then(done).catch(fail);
  });
  return area;
}

async function take(groups, add) {
  const batch = {};
  let count = 0;
  for await (const files of groups) {
    count += files.length;
    add(files, batch);
  }
  if (count === 0) throw new Error(t("nothingDropped"));
}
