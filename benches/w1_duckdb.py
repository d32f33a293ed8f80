"""Workload W1 by DuckDB, as one batch: the strongest recomputation that one could run instead.

    w1_duckdb.py FOLDER OUTPUT_CSV [THREADS]

Reads FOLDER/events.ndjson and FOLDER/plans.csv; drops duplicates by id, totals by hour and (organization, feature),
joins the plans, prices what lies above the allowance, writes one row an (organization, feature). Prints one JSON object.
"""

import json
import resource
import sys
import time

import duckdb

folder, output = sys.argv[1], sys.argv[2]
threads = int(sys.argv[3]) if len(sys.argv) > 3 else 2
quote = lambda text: "'" + text.replace("'", "''") + "'"

started = time.perf_counter()
database = duckdb.connect()
database.execute(f"SET threads = {threads}")
database.execute(f"""
    CREATE TABLE event AS
    SELECT id,
           any_value("organizationId") AS organization,
           any_value(feature) AS feature,
           any_value("timestamp"::TIMESTAMP) AS event_time,
           any_value(quantity) AS quantity
    FROM read_json({quote(folder + '/events.ndjson')}, format = 'newline_delimited', columns = {{
        id: 'VARCHAR', "organizationId": 'VARCHAR', feature: 'VARCHAR', "timestamp": 'VARCHAR',
        quantity: 'DECIMAL(18,3)'}})
    GROUP BY id
""")
database.execute("""
    CREATE TABLE usage_hour AS
    SELECT organization, feature, date_trunc('hour', event_time) AS hour, sum(quantity) AS quantity, count(*) AS events
    FROM event
    GROUP BY ALL
""")
database.execute(f"""
    COPY (
        WITH usage AS (SELECT organization, feature, sum(quantity) AS quantity FROM usage_hour GROUP BY ALL)
        SELECT organization, usage.feature, usage.quantity,
               greatest(usage.quantity - included, 0) AS overage,
               greatest(usage.quantity - included, 0) * unit_price AS cost
        FROM usage
        JOIN read_csv({quote(folder + '/plans.csv')},
                      types = {{'included': 'DECIMAL(18,3)', 'unit_price': 'DECIMAL(18,9)'}}) AS plan
          ON plan."organizationId" = usage.organization AND plan.feature = usage.feature
        ORDER BY 1, 2
    ) TO {quote(output)} (HEADER)
""")
wall_s = time.perf_counter() - started
events, units = database.execute("SELECT count(*), sum(quantity) FROM event").fetchone()
(hours,) = database.execute("SELECT count(*) FROM usage_hour").fetchone()
(overage,) = database.execute(f"SELECT sum(overage) FROM read_csv({quote(output)}, all_varchar = false, types = {{'overage': 'DECIMAL(38,3)'}})").fetchone()
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "version": duckdb.__version__,
    "wall_s": round(wall_s, 3),
    "cpu_s": round(used.ru_utime + used.ru_stime, 3),
    "rss_mb": used.ru_maxrss // 1024,
    "events": events,
    "usage_hour_rows": hours,
    "units": str(units),
    "overage": str(overage),
}))
