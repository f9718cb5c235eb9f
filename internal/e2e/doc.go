// Package e2e runs the whole command, as a user would, against real sites and real databases, and
// compares the result with the truth. It holds tests alone.
package e2e
