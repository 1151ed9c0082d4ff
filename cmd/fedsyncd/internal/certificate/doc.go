// Package certificate keeps the certificate of the webhook, and has the host's API server trust it.
//
// Does: makes a certificate and its authority, stores both in a Secret that all replicas share, renews them in time, and writes the
// authority into the webhook configurations.
//
// Given: the names that the API server calls the webhook by, the Secret, the webhook configurations, all of which exist before.
//
// Promises: whatever is served is trusted: an authority is published before a certificate of it is used, and stays as long as another replica
// may use the one before. Two replicas that renew at once end with one certificate. Without the API server what is there is served on.
package certificate
