// Who the user is to the server.

import { call } from "./api.js";
import { field } from "./dialog.js";
import { h } from "./dom.js";
import { t } from "./strings.js";

/**
 * session returns {principal, anonymous, methods, required}. It is null if the server has no
 * sessions; required means that the user must sign in first.
 */
export async function session() {
  let response;
  try {
    response = await fetch("/session", { credentials: "same-origin", headers: { Accept: "application/json" } });
  } catch {
    return null; // the list tells that the server does not answer
  }
  if (response.status !== 200 && response.status !== 401) return null;
  const value = await response.json().catch(() => ({}));
  return { principal: "", anonymous: true, methods: ["token"], ...value, required: response.status === 401 };
}

/** signOut ends the session. */
export function signOut() {
  return call("/session", { method: "DELETE" });
}

/**
 * signInForm returns a form to sign in with what the server offers; done is called after it. ended:
 * the session has ended by itself. While stays() is true, an issuer is visited in another page.
 */
export function signInForm(methods, done, { ended, stays }) {
  const failure = h("p", { class: "error", role: "alert" });
  const parts = [h("h1", { tabindex: "-1" }, t("signInTitle"))];
  const notice = ended ? h("p", { role: "status" }, t("sessionEnded")) : null;
  let form = null;
  if (methods.includes("token")) {
    const { input, element } = field(t("token"), { type: "password", autocomplete: "current-password", required: true }, t("tokenHint"));
    form = h("form", {
      onsubmit: async (event) => {
        event.preventDefault();
        failure.textContent = "";
        try {
          const body = JSON.stringify({ token: input.value.trim() });
          await call("/session", { method: "POST", headers: { "Content-Type": "application/json" }, body, mayFail: true });
        } catch (error) {
          failure.textContent = error.message;
          input.focus();
          return;
        }
        done();
      },
    }, element, h("button", { type: "submit", class: "button primary" }, t("signIn")));
  }
  if (methods.includes("oidc")) {
    const back = encodeURIComponent(`/${location.hash}`);
    const link = h("a", {
      class: form ? "button" : "button primary", href: `/session/oidc?return=${back}`, onclick: () => {
        link.target = stays() ? "_blank" : "_self";
      },
    }, t("signInOther"));
    parts.push(h("p", {}, link));
  }
  if (form) parts.splice(1, 0, form);
  if (notice) parts.splice(1, 0, notice);
  return h("section", { class: "sign-in" }, ...parts, failure);
}
