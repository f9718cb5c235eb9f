package frontier

import "fmt"

// A schema's version is major × 1000 + minor. A minor step only adds, so an older program with the
// same major continues to work.
const (
	SchemaMajor = 1
	SchemaMinor = 25
)

// maxMajor is above every major version of Seine. The versions of other programs are dates.
const maxMajor = 1000

// CheckSchema returns ErrSchema with a remedy if this program cannot use a schema of that version.
func CheckSchema(version int64) error {
	major, minor := version/1000, version%1000
	switch {
	case version != 0 && major == 0, major > maxMajor:
		return fmt.Errorf("%w: the database's version table is not Seine's (it says %d): name another database, or rename what is there", ErrSchema, version)
	case version == 0:
		return fmt.Errorf("%w: the database has no Seine schema yet: run `seine migrate`", ErrSchema)
	case major > SchemaMajor:
		return fmt.Errorf("%w: the database has schema %d.%d and this program knows %d.%d: install a newer seine",
			ErrSchema, major, minor, SchemaMajor, SchemaMinor)
	case major < SchemaMajor || minor < SchemaMinor:
		return fmt.Errorf("%w: the database has schema %d.%d and this program needs %d.%d: run `seine migrate`",
			ErrSchema, major, minor, SchemaMajor, SchemaMinor)
	}
	return nil
}
