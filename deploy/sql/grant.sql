-- Once, as the database's administrator: the worker's login may make the schema
-- seine, which it then owns. WORKER is `terraform output -raw database_user`.
GRANT CREATE ON DATABASE seine TO "WORKER";
