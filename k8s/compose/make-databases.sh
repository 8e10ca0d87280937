# Makes Temporal's databases in the PostgreSQL that SQL_HOST names, or brings them to the version of SCHEMA; twice is as good as once.
set -eu
for pair in temporal:temporal temporal_visibility:visibility; do
  database=${pair%:*}
  # It says so and ends well where it is there already.
  temporal-sql-tool --database "$database" create-database
  # The versions' own table; a database that has one keeps it.
  temporal-sql-tool --database "$database" setup-schema --version 0.0 ||
    echo "$database has a schema: it is brought to this version"
  temporal-sql-tool --database "$database" update-schema --schema-dir "$SCHEMA/${pair#*:}/versioned"
done
