package browser

import "strings"

// corpus returns files that run a script when a browser takes them for what they are: every kind of
// document, script and style, and those of which a browser guesses the kind. The script requests the
// URL ran.
func corpus(ran string) map[string]string {
	run := `fetch("` + ran + `",{mode:"no-cors"});`
	html := `<!DOCTYPE html><title>x</title><script>` + run + `</script>`
	svg := `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><script>` + run + `</script></svg>`
	style := `<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/"><html><body><script>` + run + `</script></body></html></xsl:template></xsl:stylesheet>`
	return map[string]string{
		"page.html":                html,
		"page.htm":                 html,
		"page.shtml":               html,
		"page.xhtml":               `<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body><script>` + run + `</script></body></html>`,
		"image.svg":                svg,
		"script.js":                run,
		"module.mjs":               run + "export default 1;",
		"feed.xml":                 `<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="style.xsl"?><feed/>`,
		"inline.xml":               `<?xml version="1.0"?><x:html xmlns:x="http://www.w3.org/1999/xhtml"><x:script>` + run + `</x:script></x:html>`,
		"style.xsl":                style,
		"style.css":                `body{background:url("` + ran + `")}`,
		"document.pdf":             "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.launchURL('" + ran + "'))>>>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n",
		"mail.mhtml":               "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b; type=\"text/html\"\r\n\r\n--b\r\nContent-Type: text/html\r\nContent-Location: http://x/\r\n\r\n" + html + "\r\n--b--\r\n",
		"flash.swf":                "FWS\x09\x20\x00\x00\x00" + html,
		"noextension":              html,
		"text.txt":                 html,
		"guessed.png":              html,
		"guessed.pdf":              html,
		"polyglot.gif":             "GIF89a/*" + strings.Repeat("\x00", 32) + "*/=1;" + run,
		"utf7":                     "+ADw-script+AD4-" + run + "+ADw-/script+AD4-",
		"marked.html":              "\ufeff" + html,
		"data.json":                run,
		"application.webmanifest":  `{"start_url":"` + ran + `"}`,
		`quote";x="y.html`:         html,
		"line\u2028break.html":     html,
		"turned\u202elmth.html":    html,
		"<img src=x onerror=x>.js": run,
		"中文.html":                  html,
		"page.html; charset=utf-7": html,
		"page.html%00.txt":         html,
		"x.hta":                    html,
		"x.svgz":                   svg,
		"x.htaccess":               "AddType text/html .txt",
		"x.url":                    "[InternetShortcut]\nURL=" + ran,
		"favicon.ico":              svg,
	}
}

// ways returns how a page uses a URL, each as a statement of JavaScript with the URL u, such that
// the browser would run what is there.
func ways() map[string]string {
	element := func(name, attribute, more string) string {
		return `{const e = document.createElement("` + name + `"); ` + more + `e.` + attribute + ` = u; document.body.append(e);}`
	}
	return map[string]string{
		"frame":         element("iframe", "src", ""),
		"embed":         element("embed", "src", ""),
		"object":        element("object", "data", ""),
		"image":         element("img", "src", ""),
		"script":        element("script", "src", ""),
		"module":        element("script", "src", `e.type = "module"; `),
		"style":         element("link", "href", `e.rel = "stylesheet"; `),
		"import":        `import(u).catch(() => 0);`,
		"worker":        `new Worker(u);`,
		"module-worker": `new Worker(u, {type: "module"});`,
		"shared-worker": `new SharedWorker(u);`,
		"service":       `navigator.serviceWorker.register(u, {scope: "/files/"}).catch(() => 0);`,
	}
}
