// The view of the queue of uploads, and of unfinished uploads of an earlier visit.

import { button, h, icon, iconButton } from "./dom.js";
import { bytes, duration } from "./format.js";
import { base } from "./paths.js";
import { t } from "./strings.js";
import { abort, forget, stored, unfinished } from "./transport.js";

// How many uploads are shown, and how many of those that have ended well; a folder may have thousands.
const shown = 10;
const shownFinished = 5;
const redrawTime = 250;

/** UploadsView shows a queue. */
export class UploadsView {
  #rows = new Map();
  #timer = null;

  /** announce tells users of assistive technology of a change; choose(upload) asks for its file. */
  constructor(queue, announce, choose) {
    this.queue = queue;
    this.announce = announce;
    this.choose = choose;
    this.summary = h("p", { class: "summary" });
    this.list = h("ul", { class: "uploads" });
    this.rest = h("p", { class: "hint" });
    this.pauseAll = button("pause", t("pauseAll"), () => this.#each((item) => item.state === "waiting" || item.active, (item) => queue.pause(item)));
    this.resumeAll = button("resume", t("resumeAll"), () => this.#each((item) => item.state === "paused", (item) => queue.resume(item)));
    this.clear = button("cancel", t("clearFinished"), () => {
      queue.clearEnded();
      document.querySelector("h1").focus();
    });
    this.old = h("ul", { class: "uploads" });
    this.oldPanel = h("section", { class: "panel", "aria-labelledby": "unfinished-title", hidden: true },
      h("h2", { id: "unfinished-title" }, t("unfinished")), h("p", { class: "hint" }, t("unfinishedHint")), this.old);
    this.panel = h("section", { class: "panel", "aria-labelledby": "uploads-title", hidden: true },
      h("div", { class: "panel-head" }, h("h2", { id: "uploads-title" }, t("uploads")), this.summary, this.pauseAll, this.resumeAll, this.clear), this.list, this.rest);
    this.element = h("div", { class: "transfers" }, this.panel, this.oldPanel);
    queue.addEventListener("change", () => this.#redrawSoon());
    queue.addEventListener("finished", ({ detail }) => this.#ended(t("uploaded", { name: detail.path })));
    queue.addEventListener("failed", ({ detail }) => this.#ended(t("uploadFailed", { name: detail.path, error: detail.error })));
  }

  #each(select, act) {
    for (const item of this.queue.items.filter(select)) act(item);
  }

  /** One file is announced by its name, and many by how many have ended. */
  #ended(text) {
    const { items } = this.queue;
    this.announce(items.length === 1 ? text : this.#summaryText());
    this.#redrawSoon();
  }

  #summaryText() {
    const { items } = this.queue;
    const done = items.filter(({ state }) => state === "finished").length;
    const failed = items.filter(({ state }) => state === "failed").length;
    return t(failed > 0 ? "summaryFailed" : "summary", { done, count: items.length, failed });
  }

  #redrawSoon() {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#redraw();
    }, redrawTime);
  }

  #redraw() {
    const { items } = this.queue;
    this.panel.hidden = items.length === 0;
    const visible = new Set(select(items));
    for (const [item, row] of this.#rows) {
      if (visible.has(item)) continue;
      if (row.element.contains(document.activeElement)) document.querySelector("h1").focus();
      row.element.remove();
      this.#rows.delete(item);
    }
    let before = this.list.firstElementChild;
    for (const item of items) {
      if (!visible.has(item)) continue;
      let row = this.#rows.get(item);
      if (!row) {
        row = new Row(item, this.queue);
        this.#rows.set(item, row);
        this.list.insertBefore(row.element, before);
      }
      row.update();
      before = row.element.nextElementSibling;
    }
    this.summary.textContent = this.#summaryText();
    this.rest.textContent = items.length > visible.size ? t("moreUploads", { count: items.length - visible.size }) : "";
    this.pauseAll.hidden = !items.some((item) => item.active || item.state === "waiting");
    this.resumeAll.hidden = !items.some(({ state }) => state === "paused");
    this.clear.hidden = !items.some(({ ended }) => ended);
    this.oldPanel.hidden = this.old.childElementCount === 0;
  }

  /** showUnfinished lists uploads that an earlier visit has left, without those in the queue. */
  async showUnfinished() {
    const rows = [];
    for (const upload of await unfinished()) {
      if (this.queue.has(upload.path)) continue;
      const offset = await stored(upload.url).catch(() => undefined);
      if (offset === null || offset === upload.size) {
        await forget(upload);
        continue;
      }
      rows.push(this.#oldRow(upload, offset));
    }
    this.old.replaceChildren(...rows);
    this.oldPanel.hidden = rows.length === 0;
  }

  #oldRow(upload, offset) {
    const name = base(upload.path);
    const state = offset === undefined ? t("unreachable") : t("unfinishedState", { done: bytes(offset), size: bytes(upload.size) });
    const discard = async () => {
      await abort(upload.url).catch(() => {}); // else it expires
      await forget(upload);
      element.remove();
      this.oldPanel.hidden = this.old.childElementCount === 0;
      document.querySelector("h1").focus();
    };
    const element = h("li", { class: "upload" },
      h("span", { class: "upload-name" }, upload.path), h("span", { class: "upload-state" }, state),
      h("span", { class: "row-buttons" },
        h("button", { type: "button", class: "button", "aria-label": t("choose", { name }), onclick: () => this.choose(upload) }, icon("upload"), h("span", {}, t("chooseShort"))),
        iconButton("cancel", t("discard", { name }), discard)));
    return element;
  }
}

/** Row shows an upload. */
class Row {
  constructor(item, queue) {
    const name = base(item.path);
    this.item = item;
    this.name = h("span", { class: "upload-name" });
    this.state = h("span", { class: "upload-state" });
    this.progress = h("progress", { max: 1, value: 0, "aria-label": t("progressOf", { name }) });
    this.pause = iconButton("pause", t("pause", { name }), () => this.#keepFocus(() => queue.pause(item)));
    this.resume = iconButton("resume", t("resume", { name }), () => this.#keepFocus(() => queue.resume(item)));
    this.retry = iconButton("refresh", t("retry", { name }), () => this.#keepFocus(() => queue.resume(item)));
    this.cancel = iconButton("cancel", t("stop", { name }), () => queue.cancel(item));
    this.element = h("li", { class: "upload" }, this.name, this.state, h("span", { class: "row-buttons" }, this.pause, this.resume, this.retry, this.cancel), this.progress);
  }

  /** The button that was pressed is hidden by what it does: the focus goes to that in its place. */
  async #keepFocus(act) {
    const had = this.element.contains(document.activeElement);
    act();
    this.update();
    if (had) (this.element.querySelector(".row-buttons button:not([hidden])") ?? document.querySelector("h1")).focus();
  }

  update() {
    const { item } = this;
    const { state, file } = item;
    this.name.textContent = item.path;
    this.state.textContent = text(item);
    this.element.dataset.state = state;
    this.progress.value = state === "finished" || file.size === 0 ? Number(state === "finished") : item.sent / file.size;
    this.progress.hidden = item.ended || state === "waiting";
    this.pause.hidden = state !== "waiting" && !item.active;
    this.resume.hidden = state !== "paused";
    this.retry.hidden = state !== "failed";
    this.cancel.hidden = state === "finished" || state === "skipped";
  }
}

/** select returns the uploads that are shown: those that run, need the user, or wait, and the last that have ended. */
function select(items) {
  const order = ["running", "retrying", "conflict", "failed", "paused", "waiting"];
  const finished = items.filter(({ state }) => !order.includes(state)).slice(-shownFinished);
  const others = items.filter(({ state }) => order.includes(state)).sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  return [...others.slice(0, shown), ...finished];
}

/** text returns how far an upload is. */
function text(item) {
  const values = { sent: bytes(item.sent), size: bytes(item.file.size), rate: bytes(item.rate), error: item.error };
  switch (item.state) {
    case "running":
      if (item.rate === 0) return t("starting", values);
      return t("running", { ...values, left: duration(item.secondsLeft) });
    case "retrying":
      return t("retrying", values);
    case "paused":
      return t("paused", values);
    case "failed":
      return item.error;
    default:
      return t(item.state);
  }
}
