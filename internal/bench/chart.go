package main

import (
	_ "embed" // The template of the chart.
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"text/template"
)

//go:embed chart.svg.tmpl
var chartTemplate string

// Lengths of the chart, in its own units.
const (
	panelWidth  = 440.0
	labelWidth  = 74.0
	valueWidth  = 60.0
	barHeight   = 20.0
	titleHeight = 26.0
	margin      = 24.0
)

// chart is the input of the template: a panel for each case, in two columns.
type chart struct {
	Width, Height, PanelWidth, LabelWidth float64

	Panels []panel
}

type panel struct {
	X, Y        float64
	Title, Unit string
	Bars        []bar
}

type bar struct {
	Y, X, Length, Low, High, ValueX float64
	Label, Value, Color             string
}

// svg draws the speed of every contestant.
func (r *report) svg(out io.Writer) error {
	parsed, err := template.New("chart").Parse(chartTemplate)
	if err != nil {
		return err
	}
	return parsed.Execute(out, r.chart())
}

func (r *report) chart() chart {
	c := chart{Width: 3*margin + 2*panelWidth, PanelWidth: panelWidth, LabelWidth: labelWidth - 6}
	top, row := margin+14, 0.0
	for _, t := range r.Tables {
		bars := t.bars()
		if len(bars) == 0 {
			continue
		}
		column := float64(len(c.Panels) % 2)
		if column == 0 {
			top, row = top+row, 0
		}
		c.Panels = append(c.Panels, panel{X: margin + column*(panelWidth+margin), Y: top, Title: escape(t.Case), Unit: t.unit(), Bars: bars})
		row = max(row, titleHeight+margin+barHeight*float64(len(bars)))
	}
	c.Height = top + row
	return c
}

func (t table) bars() []bar {
	var bars []bar
	longest := 0.0
	for _, r := range t.Results {
		longest = max(longest, t.rate(r).Max)
	}
	for _, r := range t.Results {
		rate := t.rate(r)
		if rate.N == 0 || t.Tool != "" {
			continue
		}
		scale := (panelWidth - labelWidth - valueWidth) / longest
		color := "#b6c2cf"
		if r.Contestant == "tranship" {
			color = "#0969da"
		}
		bars = append(bars, bar{
			Y: 8 + barHeight*float64(len(bars)), X: labelWidth,
			Length: round(rate.Median * scale), Low: round(labelWidth + rate.Min*scale), High: round(labelWidth + rate.Max*scale),
			ValueX: round(labelWidth + rate.Max*scale + 6),
			Label:  escape(r.Contestant), Value: fmt.Sprintf("%.0f", rate.Median), Color: color,
		})
	}
	return bars
}

// round rounds to one decimal, which keeps the chart short and independent of the
// machine.
func round(x float64) float64 { return float64(int(x*10+0.5)) / 10 }

func escape(text string) string {
	var escaped strings.Builder
	_ = xml.EscapeText(&escaped, []byte(text)) // A Builder never fails.
	return escaped.String()
}
