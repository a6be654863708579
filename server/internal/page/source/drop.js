// The page of a sharing link with which files are uploaded: uploads, and nothing of what is stored.

import { call } from "./api.js";
import { renumber } from "./conflict.js";
import { button, h } from "./dom.js";
import { dropZone } from "./dropzone.js";
import { bytes, time } from "./format.js";
import { chosen } from "./gather.js";
import { useLink } from "./link.js";
import { Queue } from "./queue.js";
import { language, t } from "./strings.js";
import { UploadsView } from "./uploads.js";

document.documentElement.lang = language === "zh" ? "zh-Hans" : language;
document.title = `${t("dropTitle")} – Tranship`;

const token = location.pathname.split("/")[2];
const status = h("div", { class: "hidden-text", role: "status", "aria-live": "polite" });
const alertText = h("span");
const alertBox = h("div", { class: "alert", role: "alert", hidden: true }, alertText,
  h("button", { type: "button", class: "button", onclick: () => (alertBox.hidden = true) }, t("close")));
const about = h("p", { class: "about" });
const heading = h("div", { class: "path" }, h("h1", { tabindex: "-1" }, t("dropTitle")), about);
const main = h("main", {}, heading);

/** fail shows an error. */
function fail(error) {
  alertText.textContent = error.message;
  alertBox.hidden = false;
}

const queue = new Queue(renumber);
const view = new UploadsView(queue, (text) => (status.textContent = text), chooseUnfinished);
queue.addEventListener("finished", () => describe().catch(() => {})); // the next one may tell

// The inputs are hidden: their buttons open them.
const fileInput = h("input", { type: "file", multiple: true, hidden: true, id: "files", "aria-label": t("uploadFiles") });
const folderInput = h("input", { type: "file", webkitdirectory: true, multiple: true, hidden: true, id: "folder", "aria-label": t("uploadFolder") });
const unfinishedInput = h("input", { type: "file", hidden: true, id: "unfinished", "aria-label": t("chooseShort") });
for (const input of [fileInput, folderInput]) {
  input.addEventListener("change", () => {
    upload(chosen(input.files, ""));
    input.value = "";
  });
}

function add(files, batch) {
  alertBox.hidden = true;
  queue.add(files, batch);
}

function upload(files) {
  add(files, {});
  view.showUnfinished().catch(fail);
}

/** chooseUnfinished asks for the file of an upload that an earlier visit has left. */
function chooseUnfinished(wanted) {
  unfinishedInput.onchange = () => {
    const [file] = unfinishedInput.files;
    unfinishedInput.value = "";
    if (!file) return;
    if (file.size !== wanted.size || file.lastModified !== wanted.modified) fail(new Error(t("otherFile", { name: file.name })));
    else upload([{ file, path: wanted.path }]);
  };
  unfinishedInput.click();
}

const toolbar = h("div", { class: "toolbar" },
  button("upload", t("uploadFiles"), () => fileInput.click(), { class: "button primary" }),
  "webkitdirectory" in folderInput && button("folder", t("uploadFolder"), () => folderInput.click()));

const dropArea = dropZone({ accepts: () => main.contains(toolbar), directory: () => "", text: () => t("dropHint"), add, done: () => view.showUnfinished(), fail });

addEventListener("beforeunload", (event) => queue.busy && event.preventDefault());

/** describe shows what the link allows, and returns it. */
async function describe() {
  const link = await (await call(location.pathname, { headers: { Accept: "application/json" } })).json();
  const sentences = [t("dropAbout")];
  if (link.max_size) sentences.push(t("dropSize", { size: bytes(link.max_size) }));
  if (link.max_uses) sentences.push(t("dropUses", { count: Math.max(0, link.max_uses - link.uses) }));
  sentences.push(t("dropUntil", { time: time(new Date(link.expires)) }));
  about.textContent = sentences.join(language === "zh" ? "" : " ");
  return link;
}

async function start() {
  const { id } = await describe();
  useLink({ token, id });
  main.replaceChildren(heading, toolbar, h("div", { class: "target" }, h("p", {}, t("dropHint"))), view.element);
  await view.showUnfinished();
}

document.querySelector("#page").replaceChildren(
  h("header", { class: "top" }, h("span", { class: "brand" }, "Tranship")), alertBox, main, status, dropArea, fileInput, folderInput, unfinishedInput);
start().catch(fail);
