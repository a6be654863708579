// The view of a directory.

import { describe, list } from "./api.js";
import { h, icon, iconButton } from "./dom.js";
import { bytes, time } from "./format.js";
import { ordered } from "./order.js";
import { base, fileURL, hashOf, join, parent } from "./paths.js";
import { t } from "./strings.js";

const pageEntries = 500;
// Beyond that, a browser takes seconds to sort a list and to show it.
const sortable = 5000;

/** Listing shows a directory. Its actions are rename, share and remove, which get an entry. */
export class Listing {
  #aborter = null;
  #rows = new Map();
  #entries = new Map();
  #keys = [];
  /** How the user has sorted the list: {by, descending}; null as the server lists it. */
  #order = null;
  #heads = [];
  /** What sorts the list on a narrow screen, which has no heads. */
  #choices = [];
  /** The Key of the last entry of the list if there may be more; null if the list is complete. */
  #more = null;

  constructor(actions) {
    this.actions = actions;
    this.directory = "";
    this.body = h("tbody");
    this.table = h("table", { class: "files" },
      h("thead", {}, h("tr", {}, this.#head("name", ""), this.#head("size", "number wide"), this.#head("modified", "wide"), h("th", { scope: "col" }, h("span", { class: "hidden-text" }, t("actions"))))), this.body);
    this.note = h("p", { class: "note", role: "status" });
    this.retry = h("button", { type: "button", class: "button", hidden: true, onclick: () => this.#load() }, t("tryAgain"));
    this.next = h("button", { type: "button", class: "button", hidden: true, onclick: () => this.#loadMore() }, t("more"));
    this.choices = h("div", { class: "choices", role: "group", "aria-label": t("sortBy") }, ...["name", "size", "modified"].map((by) => this.#choice(by)));
    this.element = h("div", { class: "listing" }, this.choices, this.table, this.note, this.retry, this.next);
  }

  /** show lists a directory. */
  async show(directory) {
    this.directory = directory;
    await this.#load();
  }

  #head(by, style) {
    const element = h("th", { scope: "col", class: style }, h("button", { type: "button", class: "sort", onclick: () => this.#sort(by) }, t(by)));
    this.#heads.push({ by, element });
    return element;
  }

  #choice(by) {
    const element = h("button", { type: "button", class: "sort", "aria-pressed": "false", onclick: () => this.#sort(by) }, t(by));
    this.#choices.push({ by, element });
    return element;
  }

  async #load() {
    this.#rows.clear();
    this.#entries.clear();
    this.#keys = [];
    this.#more = null;
    this.body.replaceChildren();
    if (await this.#loadMore()) await this.#arrange();
  }

  /** The first order of a size or a time is the one that is mostly wanted: the largest or newest first. */
  async #sort(by) {
    this.#order = { by, descending: this.#order?.by === by ? !this.#order.descending : by !== "name" };
    await this.#arrange();
  }

  /** arrange puts the whole list in the order that the user wants. */
  async #arrange() {
    while (this.#order !== null && this.#more !== null && this.#keys.length <= sortable) {
      if (!(await this.#loadMore())) return;
    }
    if (this.#order !== null && this.#more !== null) {
      this.#order = null;
      this.note.textContent = t("tooManyToSort", { count: sortable });
    }
    const direction = this.#order?.descending ? "descending" : "ascending";
    for (const { by, element } of this.#heads) {
      if (this.#order?.by === by) element.setAttribute("aria-sort", direction);
      else element.removeAttribute("aria-sort");
    }
    for (const { by, element } of this.#choices) {
      const chosen = this.#order?.by === by;
      element.setAttribute("aria-pressed", String(chosen));
      element.setAttribute("aria-label", chosen ? `${t(by)}, ${t(direction)}` : t(by));
      element.dataset.order = chosen ? direction : "";
    }
    if (this.#order === null) return;
    this.#keys.sort(this.#compare());
    this.body.append(...this.#keys.map((key) => this.#rows.get(key)));
  }

  /** compare returns the order of the keys of the list. */
  #compare() {
    const order = ordered(this.#order);
    return (a, b) => order(this.#entries.get(a), this.#entries.get(b));
  }

  /** loadMore loads the next page of the list. It returns whether that has succeeded. */
  async #loadMore() {
    this.#aborter?.abort();
    const aborter = (this.#aborter = new AbortController());
    const focused = document.activeElement === this.next;
    this.note.textContent = t("loading");
    this.note.classList.remove("error");
    this.retry.hidden = this.next.hidden = true;
    this.element.setAttribute("aria-busy", "true");
    const query = { limit: pageEntries };
    if (this.#more !== null) query["start-after"] = this.#more;
    let count = 0;
    let firstRow = null;
    try {
      for await (const entries of list(this.directory, query, aborter.signal)) {
        const rows = document.createDocumentFragment();
        for (const entry of entries) {
          if (this.#rows.has(entry.path)) continue; // it was uploaded meanwhile
          const row = this.#row(entry);
          this.#rows.set(entry.path, row);
          this.#entries.set(entry.path, entry);
          this.#keys.push(entry.path);
          rows.append(row);
          firstRow ??= row;
        }
        count += entries.length;
        this.body.append(rows);
        if (entries.length > 0) this.#more = entries.at(-1).path;
        this.table.hidden = this.#keys.length === 0;
      }
      if (count < pageEntries) this.#more = null;
      this.#describe();
      this.next.hidden = this.#more === null;
      if (focused) firstRow?.querySelector("a").focus();
      return true;
    } catch (error) {
      if (error.name === "AbortError") return false;
      this.table.hidden = this.#keys.length === 0;
      this.note.textContent = count > 0 ? t("listCut", { error: error.message }) : error.message;
      this.note.classList.add("error");
      this.retry.hidden = false;
      return false;
    } finally {
      if (this.#aborter === aborter) this.element.removeAttribute("aria-busy");
    }
  }

  #describe() {
    const count = this.#keys.length;
    this.table.hidden = count === 0;
    this.note.textContent = count > 0 ? t("listed", { count }) : t(this.directory === "" ? "empty" : "emptyNew");
  }

  /** added shows a file that was stored at a path, if it is in the directory or below it. */
  async added(path) {
    const { directory } = this;
    if (directory !== "" && !path.startsWith(directory + "/")) return;
    const rest = directory === "" ? path : path.slice(directory.length + 1);
    const isBelow = rest.includes("/");
    const entry = isBelow ? { path: join(directory, rest.slice(0, rest.indexOf("/") + 1)) } : await describe(path);
    if (entry === null || this.directory !== directory) return;
    const key = entry.path;
    const old = this.#rows.get(key);
    if (old && isBelow) return;
    const row = this.#row(entry);
    this.#entries.set(key, entry);
    const compare = this.#compare();
    if (old) {
      old.remove();
      this.#keys.splice(this.#keys.indexOf(key), 1);
    } else if (this.#more !== null && ordered(null)(entry, { path: this.#more }) > 0) { // a page to come has it
      this.#entries.delete(key);
      return;
    }
    let at = this.#keys.length;
    while (at > 0 && compare(this.#keys[at - 1], key) > 0) at--;
    this.body.insertBefore(row, this.#rows.get(this.#keys[at]) ?? null);
    this.#keys.splice(at, 0, key);
    this.#rows.set(key, row);
    this.#describe();
  }

  /** removed shows that an entry is gone. The focus goes to the entry in its place. */
  removed(path) {
    const row = this.#rows.get(path);
    if (!row) return;
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    this.#rows.delete(path);
    this.#entries.delete(path);
    this.#keys.splice(this.#keys.indexOf(path), 1);
    this.#describe();
    (next?.querySelector("a") ?? document.querySelector("h1")).focus();
  }

  #row(entry) {
    const isDirectory = entry.path.endsWith("/");
    const path = isDirectory ? entry.path.slice(0, -1) : entry.path;
    const name = base(path);
    const modified = entry.modified ? time(new Date(entry.modified)) : "";
    const size = isDirectory ? "" : bytes(entry.size);
    const link = isDirectory
      ? h("a", { href: hashOf(path) }, name)
      : h("a", { href: fileURL(path), download: name }, name);
    const { rename, share, remove } = this.actions;
    return h("tr", {},
      h("td", { class: "name" }, h("div", {}, icon(isDirectory ? "folder" : "file"), h("span", { class: "name-text" }, link, h("span", { class: "detail narrow" }, isDirectory ? t("folder") : `${size} · ${modified}`)))),
      h("td", { class: "number wide" }, size),
      h("td", { class: "wide" }, modified),
      h("td", { class: "row-buttons" },
        share && iconButton("share", t("share", { name }), () => share(entry)),
        iconButton("rename", t("rename", { name }), () => rename(entry)),
        iconButton("remove", t("remove", { name }), () => remove(entry))));
  }
}

/** crumbs returns links to the directories above a directory, and its heading. */
export function crumbs(directory) {
  const above = directory === "" ? [] : ["", ...ancestors(parent(directory))];
  return h("nav", { class: "crumbs", "aria-label": t("path") },
    h("ol", {}, ...above.map((path) => h("li", {}, h("a", { href: hashOf(path) }, path === "" ? t("allFiles") : base(path)))),
      h("li", {}, h("h1", { tabindex: "-1" }, directory === "" ? t("allFiles") : base(directory)))));
}

function ancestors(path) {
  const segments = path === "" ? [] : path.split("/");
  return segments.map((_, i) => segments.slice(0, i + 1).join("/"));
}
