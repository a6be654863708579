// Package httphook carries questions and events of hooks over HTTP, as CloudEvents 1.0 in JSON
// (structured mode, or batched mode for several events). docs/operate/hooks.md specifies the
// requests and the answers.
//
// If a carrier has a secret, each request is signed as Standard Webhooks specifies: the header
// Webhook-Signature has "v1," and the base64 of the HMAC-SHA256 of Webhook-Id, Webhook-Timestamp and
// the body, joined by dots.
package httphook
