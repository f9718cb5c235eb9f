// Package jobfile reads job files: YAML that says what to scrape, how far and
// how gently, with every mistake at its line and column.
//
//	text → tree with places → shape → seine.Job, scraper
//	                    ↘ mistakes, all of them, each with the nearest right word
//
// The structs of shape.go are the one description of the format: they are what
// a file is decoded into, and of their doc comments and tags are made the JSON
// Schema that [Schema] returns and the reference docs/jobfile.md (go generate).
//
// A file is read by the YAML 1.2 core schema. Refused are tags, merge keys,
// complex keys, several documents, and numbers that could be meant otherwise:
// 0123 is octal to some readers. Values may name variables of the environment,
// ${NAME} or ${NAME:-default}; $${ is a dollar sign and a brace. The job keeps
// the text with the names, not their values, and its digest is that of the
// unresolved document: a comment or another password does not change it.
package jobfile

//go:generate go test -run ^TestGeneratedFilesAreCurrent$ -update .
