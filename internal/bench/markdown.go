package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// markdown writes the report in Markdown.
func (r *report) markdown(out io.Writer) {
	m := r.Machine
	fmt.Fprintf(out, "Measured on %s in %.0f min on %s, %d cores, %s, %s, %s, with\n\n",
		r.Begun.UTC().Format("2006-01-02"), r.Seconds/60, m.CPU, m.Cores, m.Kernel, m.FileSystem, m.Go)
	fmt.Fprintf(out, "```\n%s\n```\n\n", r.commandLine())
	fmt.Fprintln(out, "Each figure is the median of all rounds, with the quartiles in parentheses; ratios are of the same "+
		"round, and a target is compared with their median. MB and GB are powers of ten, MiB of two. Peak memory is that of the "+
		"largest process in any round, which its target is compared with; that of servers and clients that fork is sampled.")
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
	fmt.Fprint(out, "\n### Targets\n\n| case | of | measure | target | measured | rounds | |\n| --- | --- | --- | --- | ---: | ---: | --- |\n")
	var left []string
	for _, v := range r.Verdicts {
		if v.Verdict == leftOut {
			if text := fmt.Sprintf("`%s` of %s", v.Case, v.Contestant); !slices.Contains(left, text) {
				left = append(left, text)
			}
			continue
		}
		text, value := v.Verdict, v.Value.format(2)
		if text == "missed" {
			text = "**missed**"
		}
		if v.Always && v.Value.N > 0 {
			value = fmt.Sprintf("%.1f at most", v.Value.Max)
		}
		fmt.Fprintf(out, "| `%s` | %s | %s | %s | %s | %d | %s |\n", v.Case, v.Contestant, v.Target, v.limit(), value, v.Value.N, text)
	}
	if left != nil {
		fmt.Fprintf(out, "\nTargets whose case or contestants were not chosen: %s.\n", strings.Join(left, ", "))
	}
}

func (t table) markdown(out io.Writer) {
	fmt.Fprintf(out, "\n### %s\n\n%s%s.\n\n", t.Case, strings.ToUpper(t.About[:1]), t.About[1:])
	if t.Tool != "" {
		t.toolMarkdown(out)
		return
	}
	fmt.Fprintf(out, "| | %s | CPU s/GB, client | server | peak MiB, client | server | rounds | tranship is × as fast | takes × the CPU |\n", t.unit())
	fmt.Fprintln(out, "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
	for _, r := range t.Results {
		if r.Failure != "" {
			fmt.Fprintf(out, "| %s | failed | | | | | | | |\n", r.Contestant)
			continue
		}
		s := r.Summary
		fmt.Fprintf(out, "| %s | %s | %s | %s | %s | %s | %d | %s | %s |\n", r.Contestant, t.rate(r).format(0),
			s.ClientCPU.format(2), s.ServerCPU.format(2), mebibytes(s.ClientPeak), mebibytes(s.ServerPeak), len(r.Samples),
			s.TranshipSpeedup.format(2), s.TranshipCPU.format(2))
	}
}

// toolMarkdown writes what a tool saw.
func (t table) toolMarkdown(out io.Writer) {
	if t.Tool == profiler.program() {
		fmt.Fprint(out, "The profiles of both ends are beside this report: "+t.Case+"-*.txt has the time of each function, and `perf report -i` shows the .perf files.\n")
		return
	}
	fmt.Fprintln(out, "| | end | calls a file | with those that wait | most frequent, a file |")
	fmt.Fprintln(out, "| --- | --- | ---: | ---: | --- |")
	for _, r := range t.Results {
		if r.Failure != "" || len(r.Samples) == 0 {
			fmt.Fprintf(out, "| %s | failed | | | |\n", r.Contestant)
			continue
		}
		s := r.Samples[0]
		line := func(end string, working statistic, c calls) {
			fmt.Fprintf(out, "| %s | %s | %s | %.2f | %s |\n", r.Contestant, end, working.format(2), float64(c.all())/float64(r.Files), c.most(r.Files))
		}
		line("client", r.clientCalls(), s.ClientCalls)
		line("server", r.serverCalls(), s.ServerCalls)
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
