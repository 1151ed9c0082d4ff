// Package manifest reads the objects that a person hands to a command: files, directories, standard input, kustomizations.
//
// Does: splits YAML and JSON into documents and decodes each.
//
// Given: the names on the command line.
//
// Promises: every fault names the file and the document in it, and is found before anything is done. Order is that of the input;
// files of a directory are read in the order of their names.
package manifest
