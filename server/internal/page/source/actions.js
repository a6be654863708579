// What the user does with the entries of a list, with its dialogs.

import { list, move, remove } from "./api.js";
import { checkbox, dialog, field } from "./dialog.js";
import { h } from "./dom.js";
import { bytes, time } from "./format.js";
import { base, join } from "./paths.js";
import { t } from "./strings.js";

/** newFolder asks for a name, and returns the path of that directory; null if the user cancels. */
export async function newFolder(directory) {
  const name = field(t("folderName"), { required: true, maxlength: 255 });
  const done = await dialog({ title: t("newFolderTitle"), body: [name.element], buttons: [{ value: true, text: t("create"), kind: "primary" }] });
  const path = name.input.value.replace(/^\/+|\/+$/g, "");
  return done && path !== "" ? join(directory, path) : null;
}

/** removeEntry removes a file, or all files of a directory. It returns whether "all", "some" or "none" were removed. */
export async function removeEntry(entry, announce) {
  if (entry.path.endsWith("/")) return removeDirectory(entry.path.slice(0, -1), announce);
  const name = base(entry.path);
  const done = await dialog({
    title: t("removeTitle"),
    body: [h("p", {}, t("removeQuestion", { name }))],
    buttons: [{ value: true, text: t("removeConfirm"), kind: "danger" }],
    act: () => remove(entry),
  });
  if (done) announce(t("removed", { name }));
  return done ? "all" : "none";
}

/** filesOf returns the entries of all files in a directory. */
async function filesOf(directory) {
  const files = [];
  for await (const entries of list(directory, { recursive: true })) files.push(...entries);
  return files;
}

/** Series does something to one file after the other, until the user closes the dialog. */
class Series {
  #running = Promise.resolve();

  /** some is the text for an error after some files. */
  constructor(files, act, some) {
    this.left = [...files];
    this.count = files.length;
    this.act = act;
    this.some = some;
  }

  /** run does it to the files that are left. */
  run(signal) {
    this.#running = this.#run(signal);
    return this.#running;
  }

  /** ended waits until no file is under way, and returns whether "all", "some" or "none" are done. */
  async ended() {
    await this.#running.catch(() => {}); // the dialog has shown it
    if (this.left.length === 0) return "all";
    return this.left.length < this.count ? "some" : "none";
  }

  async #run(signal) {
    const before = this.left.length;
    try {
      for (; this.left.length > 0 && !signal.aborted; this.left.shift()) await this.act(this.left[0]);
    } catch (error) {
      const count = before - this.left.length;
      throw new Error(count > 0 ? t(this.some, { count, error: error.message }) : error.message);
    }
  }
}

async function removeDirectory(directory, announce) {
  const removal = new Series(await filesOf(directory), remove, "removedSome");
  const name = base(directory);
  await dialog({
    title: t("removeFolderTitle"),
    body: [h("p", {}, t("removeFolderQuestion", { name, count: removal.count }))],
    buttons: [{ value: true, text: t("removeConfirm"), kind: "danger" }],
    act: (_, signal) => removal.run(signal),
  });
  const done = await removal.ended();
  if (done === "all") announce(t("removed", { name }));
  return done;
}

/** renameEntry gives a file, or all files of a directory, another path. It returns that path if any file has moved; null if none has. */
export async function renameEntry(entry, announce) {
  const isDirectory = entry.path.endsWith("/");
  const old = isDirectory ? entry.path.slice(0, -1) : entry.path;
  const path = field(t("renamePath"), { required: true, value: old });
  const target = () => (isDirectory ? path.input.value.replace(/\/+$/, "") : path.input.value);
  const renaming = new Series(isDirectory ? await filesOf(old) : [entry], (file) => move(file, target() + file.path.slice(old.length)), "movedSome");
  const ready = dialog({
    title: t("renameTitle"),
    body: [path.element, isDirectory && h("p", {}, t("renameFiles", { count: renaming.count }))].filter(Boolean),
    buttons: [{ value: true, text: t("renameConfirm"), kind: "primary" }],
    act: (_, signal) => {
      if (isDirectory && `${target()}/`.startsWith(`${old}/`)) throw new Error(t("renameInside"));
      return renaming.run(signal);
    },
  });
  const name = base(old);
  path.input.setSelectionRange(old.length - name.length, old.length);
  await ready;
  const done = await renaming.ended();
  if (done === "all") announce(t("renamed", { name, path: target() }));
  return done === "none" ? null : target();
}

/** decide asks what to do with a file that exists: "replace", "both" or "skip". */
export async function decide(item, existing) {
  const all = checkbox(t("forAll"));
  const values = {
    path: item.path,
    size: bytes(existing.size),
    modified: time(new Date(existing.modified)),
    newSize: bytes(item.file.size),
  };
  const answer = await dialog({
    title: t("existsTitle"),
    body: [h("p", {}, t("existsQuestion", values)), all.element],
    cancel: t("skip"),
    buttons: [{ value: "both", text: t("keepBoth") }, { value: "replace", text: t("replace"), kind: "primary" }],
  });
  const chosen = answer ?? "skip";
  if (all.input.checked) item.batch.answer = chosen;
  return chosen;
}
