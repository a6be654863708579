// Package browser has only tests: they open the page of a server in Chromium, and do what its users
// do, or the page of a web application that uploads with Uppy or tus-js-client. They have a module of
// their own, because nothing else needs a browser; make browser runs them.
package browser
