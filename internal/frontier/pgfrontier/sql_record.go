package pgfrontier

// The statements of tasks that bring several records, or that are completed again. A task owns the
// rows that it brought first: the column task, or the key if it is NULL. If another transaction
// takes a record between the look at the owners and the write, the write fails: a constraint
// refuses the empty owner, or the count of the written rows is divided by zero. The transaction is
// then run again: see owned.
const (
	// The owners of stored records and assets. $1 job, $2 keys, $3 kinds or names.
	sqlRecordOwners = `select i.key, i.kind, coalesce(r.task, r.key) from unnest($2::text[], $3::text[]) i(key, kind)
 cross join lateral (select r.task, r.key from seine.record r where r.job_id = $1 and r.key = i.key and r.kind = i.kind limit 1) r`
	sqlAssetOwners = `select i.key, i.name, coalesce(a.task, a.key) from unnest($2::text[], $3::text[]) i(key, name)
 cross join lateral (select a.task, a.key from seine.asset a where a.job_id = $1 and a.key = i.key and a.name = i.name limit 1) a`

	// sqlHold locks records that other tasks may write, before sqlKeep. $1 job, $2 keys, $3 kinds,
	// sorted.
	sqlHold = `select 1 from unnest($2::text[], $3::text[]) i(key, kind) cross join lateral (
   select 1 from seine.record r where r.job_id = $1 and r.key = i.key and r.kind = i.kind and not r.superseded limit 1 for update) r`

	// sqlKeep writes records that may be stored already. $1 job, $2 keys, $3 kinds, $4 fields, $5
	// URLs, $6 digests, $7 times, $8 owners, $9 whether earlier versions stay. No record comes
	// twice. The rows are found one by one and then by their places: a plan for few records would
	// read all records of the job.
	sqlKeep = `with i as materialized (select key collate "C" as key, kind collate "C" as kind, fields::jsonb as fields, url, digest, fetched_at, task, history
   from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::timestamptz[], $8::text[], $9::bool[]) i(key, kind, fields, url, digest, fetched_at, task, history)
   order by 1, 2),
 l as materialized (select i.key, i.kind, i.fields, i.url, i.digest, i.fetched_at, r.place, r.mine, i.history and r.changed as kept from i cross join lateral (
   select r.ctid as place, coalesce(r.task, r.key) = coalesce(i.task, i.key) as mine, r.fields::text <> i.fields::text as changed
   from seine.record r where r.job_id = $1 and r.key = i.key and r.kind = i.kind and not r.superseded limit 1) r),
 o as (update seine.record r set superseded = true where r.ctid = any(array(select place from l where mine and kept)) returning r.key, r.kind, r.revision, r.task),
 n as (insert into seine.record(job_id, key, kind, version, revision, task, fields, url, digest, fetched_at)
   select $1, o.key, o.kind, o.revision + 1, o.revision + 1, o.task, l.fields, l.url, l.digest, l.fetched_at from o join l on l.key = o.key and l.kind = o.kind returning 1),
 u as (update seine.record r set fields = l.fields, url = l.url, digest = l.digest, fetched_at = l.fetched_at, gone_at = null,
     revision = r.revision + (r.fields::text <> l.fields::text)::int
   from l where r.ctid = l.place and l.mine and not l.kept returning 1),
 f as (insert into seine.record(job_id, key, kind, task, fields, url, digest, fetched_at) select $1, key, kind, task, fields, url, digest, fetched_at from i
   where (select true from seine.record r where r.job_id = $1 and r.key = i.key and r.kind = i.kind limit 1) is null order by key, kind
   on conflict (job_id, key, kind, version) do update set task = '' returning 1),
 s as (select (select count(*) from f) as fresh, (select count(*) from n) + (select count(*) from u) + (select count(*) from f) = (select count(*) from i) as whole)
 insert into seine.stat(job_id, lane_id, state, n) select $1::int, 0, 10, fresh from s where fresh / whole::int > 0`

	// recordsOf are the places of the records of tasks t, and assetsOf of their assets.
	recordsOf = `(select ctid as place, key, kind, superseded, gone_at from seine.record where job_id = $1 and key = t.key and task is null
   union all select ctid, key, kind, superseded, gone_at from seine.record where job_id = $1 and task = t.key)`
	assetsOf = `(select ctid as place, key, name from seine.asset where job_id = $1 and key = t.key and task is null
   union all select ctid, key, name from seine.asset where job_id = $1 and task = t.key)`

	// sqlDrop deletes what tasks brought before and do not bring now. $1 job, $2 tasks, $3 whether
	// their records stay as gone, $4 and $5 keys and kinds of the records, $6 and $7 keys and names
	// of the assets, $8 the time.
	sqlDrop = `with t as materialized (select key, history from unnest($2::text[], $3::bool[]) t(key, history)),
 x as materialized (select r.place, t.history from t cross join lateral ` + recordsOf + ` r
   where not exists (select from unnest($4::text[], $5::text[]) b(key, kind) where b.key = r.key and b.kind = r.kind)),
 d as (delete from seine.record where ctid = any(array(select place from x where not history)) returning superseded),
 g as (update seine.record set gone_at = coalesce($8::timestamptz, now()) where ctid = any(array(select place from x where history)) and not superseded and gone_at is null),
 y as materialized (select a.place from t cross join lateral ` + assetsOf + ` a
   where not exists (select from unnest($6::text[], $7::text[]) b(key, name) where b.key = a.key and b.name = a.name)
     and (not t.history or a.key = any($4::text[]))),
 e as (delete from seine.asset where ctid = any(array(select place from y)) returning 1)
 insert into seine.stat(job_id, lane_id, state, n) select $1::int, 0, state, -n from (
   select 10 as state, count(*) as n from d where not superseded union all select 11, count(*) from e) c where n > 0`

	// sqlGone marks the records of tasks as gone. $1 job, $2 tasks, $3 the time.
	sqlGone = `update seine.record set gone_at = coalesce($3::timestamptz, now())
 where ctid = any(array(select r.place from unnest($2::text[]) t(key) cross join lateral ` + recordsOf + ` r where not r.superseded and r.gone_at is null))`
)
