// Package prometheus runs a Prometheus beside a lab, and asks it.
//
// Does: writes a configuration, starts the server on a free port of 127.0.0.1, waits until it is ready, tells by its API
// what it has scraped and evaluated, and ends it; runs promtool.
//
// Given: a directory with prometheus and promtool, as scripts/prometheus.sh prints it, addresses to scrape and files of
// rules.
//
// Promises: nothing listens on another interface; on Linux the process dies with its parent, however that ends; when it
// does not get ready, the error holds what Prometheus said.
package prometheus
