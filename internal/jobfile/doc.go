// Package jobfile reads job files. A job file is YAML that states what to scrape, how much, and at
// which pace. Each mistake has its line and column.
//
//	text → tree with places → shape → seine.Job, scraper
//	                    ↘ mistakes, all of them, each with the nearest right word
//
// The structs of shape*.go are the single description of the format. Files are decoded into them,
// and their doc comments and tags give the JSON Schema of [Schema] and the reference
// docs/jobfile.md (go generate).
//
// A file is read by the YAML 1.2 core schema. Refused are tags, merge keys, complex keys, several
// documents, and numbers that could be meant otherwise: 0123 is octal to some readers. Values may
// name variables of the environment, ${NAME} or ${NAME:-default}; $${ is a dollar sign and a brace.
// The job keeps the text with the names, not their values. Its digest covers the unresolved
// document, so a comment or another password does not change it.
package jobfile

//go:generate go test -run ^TestGeneratedFilesAreCurrent$ -update .
