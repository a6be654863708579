package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// searches are the functions of packages strings and bytes that search a text.
var searches = []string{
	"Contains", "ContainsAny", "ContainsFunc", "Count", "Cut", "CutPrefix", "CutSuffix", "EqualFold", "Fields", "FieldsFunc",
	"HasPrefix", "HasSuffix", "Index", "IndexAny", "IndexByte", "IndexFunc", "LastIndex", "LastIndexByte", "NewReplacer",
	"Replace", "ReplaceAll", "Split", "SplitN", "Trim", "TrimFunc", "TrimLeft", "TrimPrefix", "TrimRight", "TrimSuffix",
}

// sentences are the files that may search the messages of errors, with the reason. If a
// file passes a message to a function as a text, that function is not checked: those of
// internal/rpcstatus and client know the messages of grpc-go.
var sentences = map[string]string{
	"client/filesrv/receiver.go":  "protocol filesrv reports a missing file only by the text of a message",
	"access/tlsconfig/error.go":   "removes a prefix from what is printed",
	"internal/rpcstatus/proxy.go": "failures of grpc-go and gateways differ only in their messages",
}

// TestNoSentences checks that errors are distinguished by their type and sentinel, not by
// their message.
func TestNoSentences(t *testing.T) {
	used := map[string]bool{}
	for _, file := range goFiles(t) {
		if file.test || file.generated || match("test/...", file.dir) || match("internal/testing/...", file.dir) || file.dir == "store/storetest" {
			continue
		}
		for _, found := range sentenceSearches(file.File) {
			if sentences[file.name] == "" {
				t.Errorf("%s: %s searches the message of an error: use errors.Is or errors.AsType", file.name, found)
			}
			used[file.name] = true
		}
	}
	for name := range sentences {
		if !used[name] {
			t.Errorf("%s no longer searches messages: remove it from the list", name)
		}
	}
}

// sentenceSearches returns the calls in a file that search the message of an error or a
// status, directly or in a variable of the same function.
func sentenceSearches(file *ast.File) []string {
	var found []string
	for _, declaration := range file.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok || function.Body == nil {
			continue
		}
		messages := map[string]bool{}
		ast.Inspect(function.Body, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.AssignStmt:
				if slices.ContainsFunc(node.Rhs, func(e ast.Expr) bool { return isMessage(e, messages) }) {
					for _, left := range node.Lhs {
						if name, ok := left.(*ast.Ident); ok {
							messages[name.Name] = true
						}
					}
				}
			case *ast.CallExpr:
				if name := searchName(node); name != "" && slices.ContainsFunc(node.Args, func(e ast.Expr) bool { return isMessage(e, messages) }) {
					found = append(found, name)
				}
			}
			return true
		})
	}
	return found
}

// searchName returns the name of a called function that searches a text; "" for others.
func searchName(call *ast.CallExpr) string {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if of, ok := selector.X.(*ast.Ident); ok && (of.Name == "strings" || of.Name == "bytes") && slices.Contains(searches, selector.Sel.Name) {
		return of.Name + "." + selector.Sel.Name
	}
	if strings.HasPrefix(selector.Sel.Name, "Find") || strings.HasPrefix(selector.Sel.Name, "Match") {
		return selector.Sel.Name // of a regular expression
	}
	return ""
}

// isMessage reports whether an expression contains a message.
func isMessage(expression ast.Expr, messages map[string]bool) bool {
	is := false
	ast.Inspect(expression, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncLit:
			return false
		case *ast.Ident:
			is = is || messages[node.Name]
		case *ast.CallExpr:
			selector, ok := node.Fun.(*ast.SelectorExpr)
			if ok && len(node.Args) == 0 && (selector.Sel.Name == "Error" || selector.Sel.Name == "Message") {
				is = true
			}
		}
		return !is
	})
	return is
}

// TestSentenceSearches checks that sentenceSearches finds searches.
func TestSentenceSearches(t *testing.T) {
	for body, want := range map[string]int{
		`strings.Contains(err.Error(), "x")`:                                          1,
		`text := err.Error(); strings.HasPrefix(text, "x")`:                           1,
		`text := "a: " + err.Error(); _, rest, _ := strings.Cut(text, ":"); _ = rest`: 1,
		`s := status.Convert(err); strings.TrimSuffix(s.Message(), "x")`:              1,
		`pattern.FindString(s.Message())`:                                             1,
		`fmt.Println(err.Error())`:                                                    0,
		`strings.Contains(path, "x")`:                                                 0,
		`_ = err.Error() == other.Error()`:                                            0,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "", "package p\nfunc f() {"+body+"}", parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(sentenceSearches(file)); got != want {
			t.Errorf("%s: %d searches, want %d", body, got, want)
		}
	}
}

// flagInText matches a flag in a text: --name.
var flagInText = regexp.MustCompile(`(^|[^-\w])--[a-z][a-z-]+`)

// TestNoFlags checks that libraries do not name the flags of the command, but limits and
// fields.
func TestNoFlags(t *testing.T) {
	for _, file := range goFiles(t) {
		isProgram := file.Name.Name == "main"
		if file.test || file.generated || isProgram || match("cmd/...", file.dir) || match("test/...", file.dir) || match("internal/testing/...", file.dir) {
			continue
		}
		ast.Inspect(file.File, func(node ast.Node) bool {
			text, ok := node.(*ast.BasicLit)
			if !ok || text.Kind != token.STRING {
				return true
			}
			if value, err := strconv.Unquote(text.Value); err == nil && flagInText.MatchString(value) {
				t.Errorf("%s names a flag of a command: %s", file.name, text.Value)
			}
			return true
		})
	}
}

// TestLimitsAreNamed checks that every limit in an error is one of package tranship's,
// which the command maps to its flags.
func TestLimitsAreNamed(t *testing.T) {
	named := 0
	for _, file := range goFiles(t) {
		if file.test || file.generated {
			continue
		}
		ast.Inspect(file.File, func(node ast.Node) bool {
			literal, ok := node.(*ast.CompositeLit)
			if !ok || !isLimitError(literal.Type) {
				return true
			}
			for _, element := range literal.Elts {
				field, ok := element.(*ast.KeyValueExpr)
				if !ok || field.Key.(*ast.Ident).Name != "Limit" {
					continue
				}
				named++
				if value, ok := field.Value.(*ast.BasicLit); ok {
					t.Errorf("%s names a limit with a text: %s", file.name, value.Value)
				}
			}
			return true
		})
		// The command would not know a limit that is declared elsewhere.
		if file.name == "limiterror.go" {
			continue
		}
		ast.Inspect(file.File, func(node ast.Node) bool {
			if value, ok := node.(*ast.ValueSpec); ok && len(value.Values) > 0 && isLimit(value.Type) {
				t.Errorf("%s declares the limit %s: it belongs to limiterror.go", file.name, value.Names[0].Name)
			}
			return true
		})
	}
	if named < 10 {
		t.Errorf("found %d limits in errors", named)
	}
}

func isLimitError(expression ast.Expr) bool { return isNamed(expression, "LimitError") }

func isLimit(expression ast.Expr) bool { return isNamed(expression, "Limit") }

// isNamed reports whether a type has a name, in package tranship.
func isNamed(expression ast.Expr, name string) bool {
	switch expression := expression.(type) {
	case *ast.Ident:
		return expression.Name == name
	case *ast.SelectorExpr:
		of, ok := expression.X.(*ast.Ident)
		return ok && of.Name == "tranship" && expression.Sel.Name == name
	}
	return false
}
