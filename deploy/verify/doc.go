// Package verify holds what deploy/ promises to tests that need no cloud: the
// Terraform root against the provider's schema, the manifests against the types
// and the schemas of Kubernetes and against policies of our own, both against
// each other, the SQL files against a PostgreSQL, the alert rules against made-up
// series. For each of them mistakes are planted, and each must be found.
//
// It is a module of its own, so that the libraries of Kubernetes are no
// dependency of Seine. Run it by `make check-deploy`, which fetches what it needs.
package verify
