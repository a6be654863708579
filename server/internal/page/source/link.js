// The sharing link with which a page makes its requests.

let link = null;

/** useLink makes all requests of the page those of a link: {token, id}. */
export function useLink(used) {
  link = used;
}

/** linkHeaders returns the headers that a request needs besides others. */
export function linkHeaders() {
  return link === null ? {} : { "Tranship-Link": link.token };
}

/** scope is the beginning of the names under which the browser keeps unfinished uploads of the page. */
export function scope() {
  return link === null ? "tranship:" : `tranship-link:${link.id}:`;
}
