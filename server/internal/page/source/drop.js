// The page of a sharing link with which files are uploaded: uploads, and nothing of what is stored.

import { alertBox, fail } from "./alert.js";
import { call } from "./api.js";
import { Chooser } from "./chooser.js";
import { renumber } from "./conflict.js";
import { h } from "./dom.js";
import { dropZone } from "./dropzone.js";
import { bytes, time } from "./format.js";
import { useLink } from "./link.js";
import { Queue } from "./queue.js";
import { language, t } from "./strings.js";
import { UploadsView } from "./uploads.js";

document.documentElement.lang = language === "zh" ? "zh-Hans" : language;
document.title = `${t("dropTitle")} – Tranship`;

const token = location.pathname.split("/")[2];
const status = h("div", { class: "hidden-text", role: "status", "aria-live": "polite" });
const about = h("p", { class: "about" });
const heading = h("div", { class: "path" }, h("h1", { tabindex: "-1" }, t("dropTitle")), about);
const main = h("main", {}, heading);

const queue = new Queue(renumber);
const view = new UploadsView(queue, (text) => (status.textContent = text), (wanted) => chooser.chooseUnfinished(wanted));
queue.addEventListener("finished", () => describe().catch(() => {})); // the next one may tell

function add(files, batch) {
  alertBox.hidden = true;
  queue.add(files, batch);
}

function upload(files) {
  add(files, {});
  view.showUnfinished().catch(fail);
}

const chooser = new Chooser(upload, () => "");
const toolbar = h("div", { class: "toolbar" },
  ...chooser.buttons);

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
  h("header", { class: "top" }, h("span", { class: "brand" }, "Tranship")), alertBox, main, status, dropArea, ...chooser.inputs);
start().catch(fail);
