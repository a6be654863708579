import assert from "node:assert/strict";
import test from "node:test";

import { base, compare, directoryOf, directoryURL, fileURL, hashOf, join, numbered, parent } from "./paths.js";

test("every name goes through a fragment and a URL", () => {
  for (const path of ["a", "a/b c", "100%", "a?b#c", "ä/中文", "%2e%2e", ".hidden", "a\\b'\"<i>", "…/😀"]) {
    assert.equal(directoryOf(hashOf(path)), path);
    assert.equal(new URL(fileURL(path), "http://h/").pathname.slice("/files/".length), fileURL(path).slice("/files/".length));
    assert.equal(decodeURIComponent(fileURL(path)), `/files/${path}`);
  }
  assert.equal(directoryOf(""), "");
  assert.equal(directoryOf("#/"), "");
  assert.equal(directoryOf("#/%"), null);
  assert.equal(directoryURL(""), "/files/");
  assert.equal(directoryURL("a b"), "/files/a%20b/");
});

test("paths have parents and names", () => {
  assert.equal(parent("a/b/c"), "a/b");
  assert.equal(parent("a"), "");
  assert.equal(base("a/b"), "b");
  assert.equal(join("", "a"), "a");
  assert.equal(join("a", "b"), "a/b");
});

test("a number goes before the extension", () => {
  assert.equal(numbered("d/a.txt", 2), "d/a (2).txt");
  assert.equal(numbered("a", 3), "a (3)");
  assert.equal(numbered("d.e/.profile", 2), "d.e/.profile (2)");
});

test("keys are in the order of their bytes", () => {
  const keys = ["", "a", "a/", "a/b", "ab", "é", "\uffee", "😀"];
  for (const [i, x] of keys.entries()) {
    for (const [j, y] of keys.entries()) assert.equal(Math.sign(compare(x, y)), Math.sign(i - j), `${x} ${y}`);
  }
});
