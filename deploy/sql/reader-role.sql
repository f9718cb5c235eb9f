-- For KEDA, as the database's administrator: a login that can do nothing yet.
-- PASSWORD is yours to choose.
CREATE ROLE seine_reader LOGIN PASSWORD 'PASSWORD' CONNECTION LIMIT 3;
