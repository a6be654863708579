// The paths of files, which are those of the store: "dir/name". A directory is a path without a
// slash at its end; the root is "".

/** escaped returns a path as it is in a URL. */
export function escaped(path) {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** fileURL returns the URL of a file. */
export function fileURL(path) {
  return "/files/" + escaped(path);
}

/** directoryURL returns the URL of the list of a directory. */
export function directoryURL(directory) {
  return directory === "" ? "/files/" : fileURL(directory) + "/";
}

/** hashOf returns the fragment of the page that shows a directory. */
export function hashOf(directory) {
  return directory === "" ? "#/" : "#/" + escaped(directory) + "/";
}

/** directoryOf returns the directory that a fragment names; null if it names none. */
export function directoryOf(hash) {
  try {
    return hash.replace(/^#\/?/, "").split("/").filter((segment) => segment !== "").map(decodeURIComponent).join("/");
  } catch {
    return null;
  }
}

/** join returns the path of a name in a directory. */
export function join(directory, name) {
  return directory === "" ? name : directory + "/" + name;
}

/** parent returns the directory of a path. */
export function parent(path) {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** base returns the last segment of a path. */
export function base(path) {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** numbered returns a path with a number before the extension of its name: "a (2).txt". */
export function numbered(path, number) {
  const name = base(path);
  const dot = name.lastIndexOf(".");
  const end = dot > 0 ? dot : name.length;
  return join(parent(path), `${name.slice(0, end)} (${number})${name.slice(end)}`);
}

/** compare orders keys as lists do: by their bytes in UTF-8, which is the order of code points. */
export function compare(a, b) {
  const left = a[Symbol.iterator]();
  const right = b[Symbol.iterator]();
  for (;;) {
    const x = left.next();
    const y = right.next();
    if (x.done || y.done) return (y.done ? 1 : 0) - (x.done ? 1 : 0);
    if (x.value !== y.value) return x.value.codePointAt(0) - y.value.codePointAt(0);
  }
}
