//go:build race

package metrics_test

// slowdown is how much longer things may take with the race detector, beside the tests of other packages: eight times was seen.
const slowdown = 30
