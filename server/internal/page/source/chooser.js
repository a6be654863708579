// The files that a user chooses with the dialogs of the browser.

import { fail } from "./alert.js";
import { button, h } from "./dom.js";
import { chosen } from "./gather.js";
import { t } from "./strings.js";

/**
 * Chooser has the buttons to choose files and folders, and their inputs, which are hidden. upload([{file, path}])
 * gets what the user chooses, and directory() is where it goes.
 */
export class Chooser {
  constructor(upload, directory) {
    this.upload = upload;
    const files = h("input", { type: "file", multiple: true, hidden: true, id: "files", "aria-label": t("uploadFiles") });
    const folder = h("input", { type: "file", webkitdirectory: true, multiple: true, hidden: true, id: "folder", "aria-label": t("uploadFolder") });
    this.unfinished = h("input", { type: "file", hidden: true, id: "unfinished", "aria-label": t("chooseShort") });
    for (const input of [files, folder]) {
      input.addEventListener("change", () => {
        upload(chosen(input.files, directory()));
        input.value = "";
      });
    }
    this.inputs = [files, folder, this.unfinished];
    this.buttons = [
      button("upload", t("uploadFiles"), () => files.click(), { class: "button primary" }),
      "webkitdirectory" in folder && button("folder", t("uploadFolder"), () => folder.click()),
    ];
  }

  /** chooseUnfinished asks for the file of an upload that an earlier visit has left. */
  chooseUnfinished(wanted) {
    const input = this.unfinished;
    input.onchange = () => {
      const [file] = input.files;
      input.value = "";
      if (!file) return;
      if (file.size !== wanted.size || file.lastModified !== wanted.modified) fail(new Error(t("otherFile", { name: file.name })));
      else this.upload([{ file, path: wanted.path }]);
    };
    input.click();
  }
}
