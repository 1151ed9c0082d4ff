// Package pki makes the keys and certificates of one cluster.
//
// Does: makes a certificate authority, a serving certificate for the loopback addresses, and a key that signs service
// account tokens.
//
// Given: the moment from which they are valid.
//
// Promises: all keys are ECDSA P-256; certificates are valid for ten years; the authority's key is forgotten once the
// serving certificate is signed.
package pki
