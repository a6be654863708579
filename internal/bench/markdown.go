package main

import (
	"fmt"
	"io"
	"strings"
)

// markdown writes the report in Markdown.
func (r *report) markdown(out io.Writer) {
	m := r.Machine
	fmt.Fprintf(out, "Measured on %s in %.0f min on %s, %d cores, %s, %s, %s, with\n\n",
		r.Begun.UTC().Format("2006-01-02"), r.Seconds/60, m.CPU, m.Cores, m.Kernel, m.FileSystem, m.Go)
	fmt.Fprintf(out, "```\n%s\n```\n\n", r.commandLine())
	fmt.Fprintln(out, "Each figure is the median of all rounds, with the least and the most of them in parentheses; "+
		"ratios are of the same round. MB and GB are powers of ten, MiB of two. Peak memory is that of the largest process "+
		"in any round; that of servers and clients that fork is sampled.")
	r.targetTable(out)
	for _, t := range r.Tables {
		t.markdown(out)
	}
	fmt.Fprint(out, "\n### Contestants\n\n")
	for _, c := range r.Contestants {
		fmt.Fprintf(out, "- **%s**: %s.\n", c.Name, c.About)
	}
	r.skippedList(out)
}

// commandLine returns the command that reproduces the report.
func (r *report) commandLine() string {
	words := []string{"go run ./internal/bench"}
	for _, word := range r.Arguments {
		if strings.ContainsAny(word, " '|^$*()[]\\") {
			word = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func (r *report) targetTable(out io.Writer) {
	fmt.Fprint(out, "\n### Targets\n\n| case | of tranship | target | measured | |\n| --- | --- | --- | ---: | --- |\n")
	for _, v := range r.Verdicts {
		text := v.Verdict
		if text == "missed" {
			text = "**missed**"
		}
		fmt.Fprintf(out, "| %s | %s | %s | %s | %s |\n", v.Case, v.Target, v.limit(), v.Value.format(2), text)
	}
}

func (t table) markdown(out io.Writer) {
	fmt.Fprintf(out, "\n### %s\n\n%s%s.\n\n", t.Case, strings.ToUpper(t.About[:1]), t.About[1:])
	fmt.Fprintf(out, "| | %s | CPU s/GB, client | server | peak MiB, client | server | tranship is × as fast |\n", t.unit())
	fmt.Fprintln(out, "| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
	for _, r := range t.Results {
		if r.Failure != "" {
			fmt.Fprintf(out, "| %s | failed | | | | | |\n", r.Contestant)
			continue
		}
		s := r.Summary
		fmt.Fprintf(out, "| %s | %s | %s | %s | %s | %s | %s |\n", r.Contestant, t.rate(r).format(0),
			s.ClientCPU.format(2), s.ServerCPU.format(2), mebibytes(s.ClientPeak), mebibytes(s.ServerPeak), s.TranshipSpeedup.format(2))
	}
}

// mebibytes formats the maximum of s; "–" for processes that ended before they were
// sampled.
func mebibytes(s statistic) string {
	if s.Max == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f", s.Max/(1<<20))
}

func (r *report) skippedList(out io.Writer) {
	type reason struct{ contestant, why string }
	var order []reason
	where := map[reason][]string{}
	for _, t := range r.Tables {
		for _, s := range t.Skipped {
			key := reason{s.Contestant, s.Why}
			if where[key] == nil {
				order = append(order, key)
			}
			where[key] = append(where[key], t.Case)
		}
	}
	if order == nil {
		return
	}
	fmt.Fprint(out, "\n### Skipped\n\n| contestant | why | in |\n| --- | --- | --- |\n")
	for _, key := range order {
		fmt.Fprintf(out, "| %s | %s | %s |\n", key.contestant, strings.ReplaceAll(key.why, "\n", " "), strings.Join(where[key], ", "))
	}
}
