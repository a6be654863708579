import assert from "node:assert/strict";
import test from "node:test";

import { choose, tables } from "./strings.js";

/** places returns the names that are replaced in a text, or in all forms of it. */
function places(text) {
  const forms = typeof text === "string" ? [text] : Object.values(text);
  return forms.map((form) => [...form.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort().join(" "));
}

test("every language has every text, with the same values in it", () => {
  for (const [language, table] of Object.entries(tables)) {
    assert.deepEqual(Object.keys(table).sort(), Object.keys(tables.en).sort(), language);
    for (const [key, text] of Object.entries(table)) {
      const wanted = places(tables.en[key])[0];
      for (const found of places(text)) assert.equal(found, wanted, `${language}: ${key}`);
      if (typeof text === "object") assert.ok(text.other, `${language}: ${key}`);
    }
  }
});

test("the language is the first that the page has", () => {
  assert.equal(choose(["zh-CN", "en"]), "zh");
  assert.equal(choose(["fr", "zh"]), "zh");
  assert.equal(choose(["fr"]), "en");
  assert.equal(choose([]), "en");
});
