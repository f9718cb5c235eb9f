-- +goose Up
CREATE INDEX queue_wait_lane ON queue (lane_id) WHERE lease_id IS NULL AND run_at IS NOT NULL;

-- +goose Down
DROP INDEX queue_wait_lane;
