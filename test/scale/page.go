package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// form is how a page of metrics is asked for.
type form struct{ name, accept, encoding string }

const acceptProtobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

var (
	plainText    = form{name: "text", accept: "text/plain;version=0.0.4", encoding: "identity"}
	gzipText     = form{name: "text, gzip", accept: "text/plain;version=0.0.4", encoding: "gzip"}
	protobuf     = form{name: "protobuf with native histograms", accept: acceptProtobuf, encoding: "identity"}
	gzipProtobuf = form{name: "protobuf with native histograms, gzip", accept: acceptProtobuf, encoding: "gzip"}
)

// page is the answer to a scrape.
type page struct {
	text string // in whatever form it came
	sent int    // bytes
	took time.Duration
}

// scrape asks the daemon for its metrics.
func (w *world) scrape(ctx context.Context, f form) (page, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.daemon.MetricsURL, http.NoBody)
	if err != nil {
		return page{}, err
	}
	request.Header.Set("Accept", f.accept)
	request.Header.Set("Accept-Encoding", f.encoding) // given by hand, so that the client does not unpack it
	start := time.Now()
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return page{}, err
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	body, err := io.ReadAll(answer.Body)
	took := time.Since(start)
	kind, _, _ := strings.Cut(f.accept, ";")
	encoding := strings.TrimPrefix(f.encoding, "identity")
	switch {
	case err != nil:
		return page{}, err
	case answer.StatusCode != http.StatusOK:
		return page{}, fmt.Errorf("scrape: %s: %.500s", answer.Status, body)
	case !strings.HasPrefix(answer.Header.Get("Content-Type"), kind) || answer.Header.Get("Content-Encoding") != encoding:
		return page{}, fmt.Errorf("scrape: asked for %s, got %s %s", f.name, answer.Header.Get("Content-Type"), answer.Header.Get("Content-Encoding"))
	}
	return page{text: string(body), sent: len(body), took: took}, nil
}

// series are the lines of a text that are no comments.
func (p page) series() (lines []string) {
	for line := range strings.Lines(p.text) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

// fleet are the series of members and types.
func (p page) fleet() []string {
	return slices.DeleteFunc(p.series(), func(line string) bool {
		return !strings.HasPrefix(line, "fedsync_") || !strings.Contains(line, `member="`) && !strings.Contains(line, `type="`)
	})
}

// sum adds up the series that begin with the text; "…" stands for anything.
func (p page) sum(begin string) (total float64) {
	begin, inside, _ := strings.Cut(begin, "…")
	for _, line := range p.series() {
		if !strings.HasPrefix(line, begin) || !strings.Contains(line, inside) {
			continue
		}
		value, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
		if err == nil {
			total += value
		}
	}
	return total
}

// namesNone fails if a series has one of the names as the value of a label.
func (p page) namesNone(members []string, kind string) error {
	for _, line := range p.series() {
		for _, name := range append(slices.Clone(members), kind) {
			if strings.Contains(line, `="`+name+`"`) {
				return fmt.Errorf("%s is gone and has the series %s", name, line)
			}
		}
	}
	return nil
}
