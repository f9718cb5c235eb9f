// Prints the rows of a query as JSON, each integer and decimal as DuckDB writes it.
const { DuckDBInstance } = require("@duckdb/node-api");

(async () => {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const rows = await connection.runAndReadAll(process.argv[2]);
  process.stdout.write(JSON.stringify(rows.getRowObjectsJson()));
})().catch((e) => {
  console.error(e.message);
  process.exit(1);
});
