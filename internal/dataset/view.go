package dataset

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/seinehq/seine/internal/columns"
	"github.com/seinehq/seine/internal/frontier"
)

// Dialect is the SQL of a frontier's database.
type Dialect string

// The dialects.
const (
	PostgreSQL Dialect = "postgres"
	SQLite     Dialect = "sqlite"
)

// View returns the SQL that creates a view of the latest records, with a typed column per field.
// The types hold the values of now with all digits. Names of columns that a record has anyway, and
// the paths of files, have a prefix: fields_url, front_path.
func (s *Set) View(ctx context.Context, d Dialect) (string, error) {
	t := s.newTable()
	from := reader{set: s, layout: s.Rules.Layout()}
	n := int64(0)
	err := s.Frontier.Snapshot(ctx, s.ID, func(r frontier.Stored) error {
		n++
		s.progress("records", n)
		rec, err := from.record(r)
		if err == nil {
			t.add(rec)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	return s.view(d, t), nil
}

// recordColumns are the columns of a view that every record has.
var recordColumns = []string{"key", "kind", "url", "fetched_at", "gone_at", "digest", "permission", "recording"}

func (s *Set) view(d Dialect, t table) string {
	schema, moment, hex := "", "strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ', r.%s / 1e6, 'unixepoch')", "lower(hex(%s))"
	if d == PostgreSQL {
		schema, moment, hex = "seine.", "r.%s", "encode(%s, 'hex')"
	}
	columns := []string{
		"r.key", "r.kind", "r.url", fmt.Sprintf(moment, "fetched_at") + " AS fetched_at", fmt.Sprintf(moment, "gone_at") + " AS gone_at",
		fmt.Sprintf(hex, "r.digest") + " AS digest", literal(s.Job.Permission) + " AS permission",
		fmt.Sprintf("(SELECT "+hex+" FROM %srecording x WHERE x.job_id = r.job_id AND x.key = coalesce(r.task, r.key) AND x.fetched_at = r.fetched_at) AS recording", "x.sha256", schema),
	}
	taken := slices.Clone(recordColumns)
	name := func(name, prefix string) string {
		for slices.ContainsFunc(taken, func(other string) bool { return strings.EqualFold(other, name) }) {
			name = prefix + name
		}
		taken = append(taken, name)
		return identifier(name)
	}
	for _, f := range t.fields.Fields {
		if value, ok := valueOf(d, f.Name, f.Type.Kind); ok {
			columns = append(columns, value+" AS "+name(f.Name, "fields_"))
		}
	}
	for _, asset := range t.assets {
		columns = append(columns, fmt.Sprintf("(SELECT a.path FROM %sasset a WHERE a.job_id = r.job_id AND a.key = r.key AND a.name = %s ORDER BY a.version DESC LIMIT 1) AS %s",
			schema, literal(asset), name(asset+"_path", "assets_")))
	}
	view := identifier(viewName(d, s.Job.Name))
	head := "DROP VIEW IF EXISTS " + view + ";\nCREATE VIEW " + view + " AS\n"
	return fmt.Sprintf("-- The records of job %s, made by `seine export`.\n%sSELECT\n  %s\nFROM %srecord r\nWHERE r.job_id = %d AND NOT r.superseded;\n",
		strings.Join(strings.Fields(s.Job.Name), " "), head, strings.Join(columns, ",\n  "), schema, s.ID)
}

// liteNames are the tables, views and indexes of an SQLite frontier: they share their names with
// views. On PostgreSQL they are in a schema of their own.
var liteNames = regexp.MustCompile(`(?i)^(asset|asset_failure|attempt|block_stat|budget|change|circuit|condemned|drift|erasure|` +
	`goose_db_version|history|job|lane|lease|listed|owed|page_stat|quarantine|queue|record|recording|recrawl|rendering|robots|session|` +
	`space|stat|step_stat|task|tuning|visit|watch|work_queue|lane_due|queue_(ready|wait|lease|wait_lane)|recrawl_job|record_task|` +
	`asset_(task|failure_task|newest)|recording_body|change_job|attempt_(job|key)|listed_(list|left)|sqlite_.*)$`)

// viewName returns the name of the view of a job: the name of the job, unless the database has it.
func viewName(d Dialect, job string) string {
	if d == SQLite && liteNames.MatchString(job) {
		return job + "_records"
	}
	return job
}

// plainName is a name that each dialect takes as the label of a member.
var plainName = regexp.MustCompile(`^[\pL_][\pL\pN_-]*$`)

// valueOf returns the expression of a field. ok is false for a name that SQLite cannot address.
func valueOf(d Dialect, name string, kind columns.Kind) (sql string, ok bool) {
	label := literal(name)
	if d == PostgreSQL {
		text := "(r.fields ->> " + label + ")"
		switch kind {
		case columns.Bool:
			return text + "::boolean", true
		case columns.Int:
			return text + "::bigint", true
		case columns.Float:
			return text + "::double precision", true
		case columns.Digits:
			return text + "::numeric", true
		case columns.List, columns.Object, columns.JSON:
			return "(r.fields -> " + label + ")", true
		default:
			return text, true
		}
	}
	if !plainName.MatchString(name) {
		if strings.ContainsAny(name, `"\`) || name == "" {
			return "", false
		}
		label = literal(`$."` + name + `"`)
	}
	switch kind {
	case columns.Float:
		return "CAST(r.fields ->> " + label + " AS REAL)", true
	case columns.Digits:
		// The operator ->> would make a float of it.
		return "nullif(r.fields -> " + label + ", 'null')", true
	case columns.List, columns.Object, columns.JSON:
		return "nullif(r.fields -> " + label + ", 'null')", true
	default:
		return "r.fields ->> " + label, true
	}
}

func identifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func literal(text string) string { return `'` + strings.ReplaceAll(text, `'`, `''`) + `'` }
