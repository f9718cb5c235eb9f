// Package verify tests deploy/ without a cloud. It checks the Terraform root against the provider's
// schema, the manifests against the types and the schemas of Kubernetes and against Seine's
// policies, both against each other, the SQL files against a PostgreSQL, and the alert rules
// against simulated series. For each of them mistakes are planted, and each must be found.
//
// It is a module of its own, so that the libraries of Kubernetes are no dependency of Seine.
// `make check-deploy` runs it and fetches its tools.
package verify
