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

// searches are the functions, of packages strings and bytes, that look into a text.
var searches = []string{
	"Contains", "ContainsAny", "ContainsFunc", "Count", "Cut", "CutPrefix", "CutSuffix", "EqualFold", "Fields", "FieldsFunc",
	"HasPrefix", "HasSuffix", "Index", "IndexAny", "IndexByte", "IndexFunc", "LastIndex", "LastIndexByte", "NewReplacer",
	"Replace", "ReplaceAll", "Split", "SplitN", "Trim", "TrimFunc", "TrimLeft", "TrimPrefix", "TrimRight", "TrimSuffix",
}

// sentences are the files that look into the messages of errors, and why they must. What
// they pass on to a function as a text is that function's matter: those of
// internal/rpcstatus and client know the words of grpc-go.
var sentences = map[string]string{
	"client/filesrv/receiver.go": "protocol filesrv says that there is no file in the words of a message",
	"access/tlsconfig/error.go":  "a prefix is left out of what is printed",
	"internal/rpcstatus/from.go": "grpc-go and gateways tell their failures apart by words alone",
}

// An error is known by its type and what it matches, not by its sentence.
func TestNoSentences(t *testing.T) {
	used := map[string]bool{}
	for _, file := range goFiles(t) {
		if file.test || file.generated || match("test/...", file.dir) || match("internal/testing/...", file.dir) || file.dir == "store/storetest" {
			continue
		}
		for _, found := range sentenceSearches(file.File) {
			if sentences[file.name] == "" {
				t.Errorf("%s: %s looks into the message of an error: use errors.Is or errors.AsType", file.name, found)
			}
			used[file.name] = true
		}
	}
	for name := range sentences {
		if !used[name] {
			t.Errorf("%s does not look into messages any more: remove it from the list", name)
		}
	}
}

// sentenceSearches are the calls of a file that search the message of an error or of a
// status, directly or by a variable of the same function.
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

// searchName is the name of a function that looks into a text; "" of any other.
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

// isMessage reports whether an expression is made of a message.
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

// The rule bites.
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

// flagInText is a flag in a text: --name.
var flagInText = regexp.MustCompile(`(^|[^-\w])--[a-z][a-z-]+`)

// A library does not know the flags of the command: it names a limit or a field.
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

// Every limit that an error names is one of package tranship's, where the command looks
// for its flag.
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
		// A constant or conversion elsewhere would be a limit that the command does not know.
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

// isNamed reports whether a type is one of package tranship.
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
