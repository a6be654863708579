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

/** removeEntry removes a file, or all files of a directory. It returns whether it did. */
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
  return done === true;
}

/** filesOf returns the entries of all files in a directory. */
async function filesOf(directory) {
  const files = [];
  for await (const entries of list(directory, { recursive: true })) files.push(...entries);
  return files;
}

/** each does something to one file after the other, and takes it from files. some is the text for the case that it fails after some. */
async function each(files, act, some) {
  let count = 0;
  try {
    for (; files.length > 0; files.shift(), count++) await act(files[0]);
  } catch (error) {
    throw new Error(count > 0 ? t(some, { count, error: error.message }) : error.message);
  }
}

async function removeDirectory(directory, announce) {
  const files = await filesOf(directory);
  const name = base(directory);
  const done = await dialog({
    title: t("removeFolderTitle"),
    body: [h("p", {}, t("removeFolderQuestion", { name, count: files.length }))],
    buttons: [{ value: true, text: t("removeConfirm"), kind: "danger" }],
    act: () => each(files, remove, "removedSome"),
  });
  if (done) announce(t("removed", { name }));
  return done === true;
}

/** renameEntry gives a file, or all files of a directory, another path. It returns the path; null if the user cancels. */
export async function renameEntry(entry, announce) {
  const isDirectory = entry.path.endsWith("/");
  const old = isDirectory ? entry.path.slice(0, -1) : entry.path;
  const files = isDirectory ? await filesOf(old) : [entry];
  const path = field(t("renamePath"), { required: true, value: old });
  const target = () => (isDirectory ? path.input.value.replace(/\/+$/, "") : path.input.value);
  const count = files.length;
  const ready = dialog({
    title: t("renameTitle"),
    body: [path.element, isDirectory && h("p", {}, t("renameFiles", { count }))].filter(Boolean),
    buttons: [{ value: true, text: t("renameConfirm"), kind: "primary" }],
    act: () => each(files, (file) => move(file, target() + file.path.slice(old.length)), "movedSome"),
  });
  const name = base(old);
  path.input.setSelectionRange(old.length - name.length, old.length);
  if (!(await ready) || target() === old) return null;
  announce(t("renamed", { name, path: target() }));
  return target();
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
