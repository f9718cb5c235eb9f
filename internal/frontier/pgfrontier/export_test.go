package pgfrontier

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Explained makes the server explain each statement of the frontier. plan receives the JSON of
// auto_explain.
func (f *Frontier) Explained(ctx context.Context, plan func(text string)) error {
	cfg := f.pool.Config()
	cfg.ConnConfig.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { plan(n.Message) }
	cfg.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, `load 'auto_explain'; set auto_explain.log_min_duration = 0; set auto_explain.log_analyze = on;
 set auto_explain.log_buffers = on; set auto_explain.log_timing = off; set auto_explain.log_format = json; set auto_explain.log_level = notice`)
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return err
	}
	f.pool.Close()
	f.pool = pool
	return nil
}

// Name returns the name of a statement in this package, or "".
func Name(sql string) string {
	for name, text := range map[string]string{
		"sqlHeartbeat": sqlHeartbeat, "sqlBlocked": sqlBlocked, "sqlLanes": sqlLanes, "sqlTake": sqlTake, "sqlDue": sqlDue, "sqlLaneIDs": sqlLaneIDs,
		"sqlMine": sqlMine, "sqlStill": sqlStill, "sqlAdd": sqlAdd, "sqlAddMixed": sqlAddMixed, "sqlLookup": sqlLookup, "sqlAnswers": sqlAnswers, "sqlRecords": sqlRecords, "sqlNewRecords": sqlNewRecords, "sqlAssets": sqlAssets, "sqlPendingDeletion": sqlPendingDeletion,
		"sqlLock": sqlLock, "sqlWake": sqlWake, "sqlFinish": sqlFinish, "sqlFinishGood": sqlFinishGood, "sqlFinishAgain": sqlFinishAgain, "sqlFail": sqlFail, "sqlAgain": sqlAgain, "sqlFailures": sqlFailures, "sqlForgetFailures": sqlForgetFailures, "sqlRelease": sqlRelease, "sqlReadyLanes": sqlReadyLanes,
		"sqlSpacePeek": sqlSpacePeek, "sqlSpaceTake": sqlSpaceTake, "sqlDead": sqlDead, "sqlDeadLanes": sqlDeadLanes, "sqlDeadTasks": sqlDeadTasks, "sqlRescue": sqlRescue,
		"sqlDepth": sqlDepth, "sqlDepthOldest": sqlDepthOldest, "sqlDepthWaits": sqlDepthWaits, "sqlDepthReady": sqlDepthReady, "sqlDepthReasons": sqlDepthReasons,
		"sqlDropLease": sqlDropLease, "sqlDueSeqs": sqlDueSeqs, "sqlDown": sqlDown, "sqlForgetAttempts": sqlForgetAttempts, "sqlEndHost": sqlEndHost, "sqlPromote": sqlPromote, "sqlReserve": sqlReserve, "sqlBackoff": sqlBackoff,
		"sqlKeep": sqlKeep, "sqlHold": sqlHold, "sqlDrop": sqlDrop, "sqlGone": sqlGone, "sqlReturn": sqlReturn, "sqlRecordOwners": sqlRecordOwners, "sqlAssetOwners": sqlAssetOwners,
		"sqlVisits": sqlVisits, "sqlRecrawlDue": sqlRecrawlDue, "sqlRecrawls": sqlRecrawls, "sqlRecrawl": sqlRecrawl, "sqlNextRecrawl": sqlNextRecrawl,
		"sqlNewBudgets": sqlNewBudgets, "sqlLockBudgets": sqlLockBudgets, "sqlSetBudgets": sqlSetBudgets, "sqlRequeue": sqlRequeue,
	} {
		if text == sql {
			return name
		}
	}
	return ""
}

// MaxConns returns the largest number of connections.
func (f *Frontier) MaxConns() int32 { return f.pool.Config().MaxConns }
