// Package raw reads objects whose content it leaves undecoded.
//
// Does: lists and watches objects of any kind, decodes their metadata, and keeps spec and status as the JSON that was sent.
//
// Given: the configuration of a cluster.
//
// Promises: the content is byte for byte what the API server sent; no kind has to be registered; nothing is written.
package raw
