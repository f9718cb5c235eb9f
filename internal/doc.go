// Package internal holds the architecture test, which checks the imports of each package.
package internal
