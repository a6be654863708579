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

async function removeDirectory(directory, announce) {
  const files = [];
  for await (const entries of list(directory, { recursive: true })) files.push(...entries);
  const name = base(directory);
  const done = await dialog({
    title: t("removeFolderTitle"),
    body: [h("p", {}, t("removeFolderQuestion", { name, count: files.length }))],
    buttons: [{ value: true, text: t("removeConfirm"), kind: "danger" }],
    act: async () => {
      let count = 0;
      try {
        for (; files.length > 0; files.shift(), count++) await remove(files[0]);
      } catch (error) {
        throw new Error(count > 0 ? t("removedSome", { count, error: error.message }) : error.message);
      }
    },
  });
  if (done) announce(t("removed", { name }));
  return done === true;
}

/** renameEntry gives a file another path. It returns the path; null if the user cancels. */
export async function renameEntry(entry, announce) {
  const path = field(t("renamePath"), { required: true, value: entry.path });
  const ready = dialog({
    title: t("renameTitle"),
    body: [path.element],
    buttons: [{ value: true, text: t("renameConfirm"), kind: "primary" }],
    act: () => move(entry, path.input.value),
  });
  const name = base(entry.path);
  path.input.setSelectionRange(entry.path.length - name.length, entry.path.length);
  if (!(await ready) || path.input.value === entry.path) return null;
  announce(t("renamed", { name, path: path.input.value }));
  return path.input.value;
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
