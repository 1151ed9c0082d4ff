// Package monitoring holds the test of everything that fedsyncd tells about itself: a real Prometheus scrapes it on a lab while a
// story happens to the fleet, and is asked at each moment of the story what the dashboards and alerts would show then.
//
// Does: nothing outside its tests.
//
// Given: FEDSYNCD and PROMETHEUS_BIN, the path of the binary and the directory of prometheus and promtool; FEDSYNCD_RACE, if the
// daemon that leads first is to be another one, with the race detector; MONITORING_PICTURES, a directory for pictures of the story;
// MONITORING_KEEP, a directory that the logs and the last page of metrics are copied to.
//
// Promises: every target of every panel, and every alert, is asked at one moment at least, and what is expected of it is what the
// story calls for. One that is new, renamed or gone fails the test until the tables say so too.
package monitoring
