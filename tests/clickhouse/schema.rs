//! The schema: applied once or often, told apart from what somebody changed, and explained column by column.

use crate::engine;
use highwater::clickhouse::{Databases, MigrateError, Step, Store};

/// A store of its own for one test.
pub fn store(name: &str) -> Option<Store> {
    let databases = Databases { store: format!("{name}_store"), views: name.to_owned() };
    Some(Store::connect(&engine::clickhouse_settings(engine::url()?, databases)))
}

async fn rows(store: &Store, sql: &str) -> Vec<String> {
    store.client().query(sql).fetch_all::<String>().await.expect("rows")
}

#[tokio::test]
async fn migrations_are_applied_once_and_change_nothing_the_second_time() {
    let Some(store) = store("migrated_twice") else { return };
    let pending = store.pending_migrations().await.expect("asked");
    assert!(pending.iter().all(|migration| migration.step == Step::Apply), "{pending:?}");
    let first = store.migrate().await.expect("migrated");
    assert!(first.iter().all(|migration| migration.step == Step::Apply), "{first:?}");
    let second = store.migrate().await.expect("migrated");
    assert!(second.iter().all(|migration| migration.step == Step::Keep), "{second:?}");
    assert_eq!(store.pending_migrations().await.expect("asked"), second);
    store.check_schema().await.expect("as it must be");
}

#[tokio::test]
async fn a_migration_that_was_killed_half_way_is_run_again() {
    let Some(store) = store("half_migrated") else { return };
    store.migrate().await.expect("migrated");
    // As if killed between two statements of a table file, before those that change its tables: one table is there, nothing is recorded.
    for statement in [
        "DROP TABLE half_migrated_store.progress SYNC",
        "DELETE FROM half_migrated_store.migrations WHERE name IN ('0004_tables_and_progress', '0008_finals') OR name LIKE 'views/%'",
        "DROP VIEW half_migrated.progress",
    ] {
        store.client().query(statement).execute().await.expect(statement);
    }
    let steps = store.migrate().await.expect("migrated");
    let applied: Vec<_> =
        steps.iter().filter(|migration| migration.step == Step::Apply).map(|migration| migration.name).collect();
    assert_eq!(
        applied,
        [
            "0004_tables_and_progress",
            "0008_finals",
            "views/usage",
            "views/rating",
            "views/credits",
            "views/events",
            "views/tables",
            "views/finals",
            "views/billing",
            "views/trends",
            "views/progress"
        ]
    );
}

#[tokio::test]
async fn an_applied_file_with_another_text_is_refused() {
    let Some(store) = store("edited") else { return };
    store.migrate().await.expect("migrated");
    let edit =
        "INSERT INTO edited_store.migrations (name, checksum, applied_by) VALUES ('0001_usage', 'another', '0.0.9')";
    store.client().query(edit).execute().await.expect("edited");
    let error = store.migrate().await.expect_err("refused");
    assert!(
        matches!(&error, MigrateError::Edited { name, applied, .. } if name == "0001_usage" && applied == "another"),
        "{error}"
    );
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_as_it_is() {
    let Some(store) = store("newer") else { return };
    store.migrate().await.expect("migrated");
    let future = "INSERT INTO newer_store.migrations (name, checksum, applied_by) VALUES ('0099_future', 'x', '9.9.9')";
    store.client().query(future).execute().await.expect("recorded");
    let error = store.migrate().await.expect_err("refused");
    assert!(error.to_string().contains("0099_future") && error.to_string().contains("9.9.9"), "{error}");
}

#[tokio::test]
async fn a_column_changed_by_hand_is_refused_with_the_difference() {
    let Some(store) = store("drifted") else { return };
    store.migrate().await.expect("migrated");
    for change in [
        "ALTER TABLE drifted_store.usage_hour MODIFY COLUMN events UInt32",
        "ALTER TABLE drifted_store.rated_lines DROP COLUMN terms",
        "ALTER TABLE drifted_store.usage_day ADD COLUMN our_own String",
    ] {
        store.client().query(change).execute().await.expect(change);
    }
    let Err(MigrateError::Drift(drift)) = store.migrate().await else { panic!("drift is refused") };
    let differences: Vec<_> =
        drift.differences.iter().map(|d| (d.column.as_str(), d.expected.as_str(), d.found.as_deref())).collect();
    assert_eq!(
        differences,
        [
            ("drifted_store.rated_lines.terms", "String", None),
            ("drifted_store.usage_hour.events", "UInt64", Some("UInt32")),
        ],
        "a column that was added is no drift"
    );
}

#[tokio::test]
async fn a_view_that_was_dropped_is_made_again() {
    let Some(store) = store("view_dropped") else { return };
    store.migrate().await.expect("migrated");
    store.client().query("DROP VIEW view_dropped.current_usage").execute().await.expect("dropped");
    let steps = store.migrate().await.expect("migrated");
    let replaced: Vec<_> =
        steps.iter().filter(|migration| migration.step == Step::Replace).map(|migration| migration.name).collect();
    assert!(replaced.contains(&"views/rating"), "{steps:?}");
    assert_eq!(rows(&store, "SELECT toString(count()) FROM view_dropped.current_usage").await, ["0"]);
}

#[tokio::test]
async fn every_database_table_view_and_column_is_explained() {
    let Some(store) = store("explained") else { return };
    store.migrate().await.expect("migrated");
    let unexplained = "SELECT concat(database, '.', table, '.', name) FROM system.columns WHERE database LIKE 'explained%' AND comment = ''
        UNION ALL SELECT concat(database, '.', name) FROM system.tables WHERE database LIKE 'explained%' AND comment = ''
        UNION ALL SELECT name FROM system.databases WHERE name LIKE 'explained%' AND comment = ''";
    assert_eq!(rows(&store, unexplained).await, [""; 0]);
    let columns =
        rows(&store, "SELECT toString(count() > 200) FROM system.columns WHERE database LIKE 'explained%'").await;
    assert_eq!(columns, ["1"], "the question above was about something");
}

#[tokio::test]
async fn every_plain_select_works_on_an_empty_database() {
    let Some(store) = store("empty") else { return };
    store.migrate().await.expect("migrated");
    for view in rows(&store, "SELECT name FROM system.tables WHERE database = 'empty'").await {
        let count = rows(&store, &format!("SELECT toString(count()) FROM (SELECT * FROM empty.{view})")).await;
        assert!(count == ["0"] || view == "glossary", "{view}: {count:?}");
    }
}

/// `schemas/clickhouse/columns.tsv` is what the product compares a database with. `UPDATE_GOLDEN=1` writes it anew.
#[tokio::test]
async fn the_list_of_columns_is_what_the_schema_files_make() {
    let Some(store) = store("listed") else { return };
    let migrated = store.migrate().await;
    let columns = "SELECT concat(database, '\t', table, '\t', name, '\t', type) FROM system.columns WHERE database IN ('listed', 'listed_store')
        ORDER BY database DESC, table, position";
    let listed = rows(&store, columns)
        .await
        .iter()
        .map(|line| line.replacen("listed", "highwater", 1) + "\n")
        .collect::<String>();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/clickhouse/columns.tsv");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &listed).expect("written");
        return;
    }
    migrated.expect("migrated");
    assert_eq!(
        listed,
        std::fs::read_to_string(path).expect("read"),
        "run the test with UPDATE_GOLDEN=1 and look at the difference"
    );
}
