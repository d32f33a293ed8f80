//! The schema that this version needs: the files of `schemas/clickhouse`, built in.
//!
//! Owns their order, their identity and the names of the databases. Does not own running them (`migrate`) nor telling
//! whether what is there fits (`drift`).

mod drift;
mod migrate;

pub use drift::{Difference, Drift};
pub use migrate::{MigrateError, Migration, Step};

/// A file of `schemas/clickhouse`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SchemaFile {
    pub name: &'static str,
    pub text: &'static str,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Changes tables that may hold rows. Never edited once applied: a change is a new file.
    Table,
    /// Replaces views, which hold nothing. May be edited; then it is applied again.
    View,
}

macro_rules! files {
    ($($kind:ident $name:literal),+ $(,)?) => {
        &[$(SchemaFile {
            name: $name,
            text: include_str!(concat!("../../../schemas/clickhouse/", $name, ".sql")),
            kind: Kind::$kind,
        }),+]
    };
}

/// In the order in which they are applied. The first one makes the databases and the record of what was applied.
pub(super) const FILES: &[SchemaFile] = files![
    Table "0000_foundation",
    Table "0001_usage",
    Table "0002_rating",
    Table "0003_events",
    Table "0004_tables_and_progress",
    Table "0005_recurring",
    Table "0006_credits",
    Table "0007_trends",
    Table "0008_finals",
    Table "0009_billing",
    Table "0010_line_steps",
    Table "0011_bill_forecasts",
    Table "0012_final_line_steps",
    View "views/usage",
    View "views/rating",
    View "views/credits",
    View "views/events",
    View "views/tables",
    View "views/finals",
    View "views/billing",
    View "views/trends",
    View "views/progress",
];

/// Every column that a database with exactly these files has: `database table column type`, by tabs.
pub(super) const COLUMNS: &str = include_str!("../../../schemas/clickhouse/columns.tsv");

impl SchemaFile {
    pub fn checksum(&self) -> String {
        format!("{:032x}", xxhash_rust::xxh3::xxh3_128(self.text.as_bytes()))
    }

    /// A statement ends with a semicolon at the end of a line.
    pub fn statements(&self, databases: &Databases) -> Vec<String> {
        let statements = self.text.split(";\n").map(|statement| {
            let lines = statement.lines().skip_while(|line| line.trim().is_empty() || line.starts_with("--"));
            databases.named(&lines.collect::<Vec<_>>().join("\n"))
        });
        statements.filter(|statement| !statement.trim().is_empty()).collect()
    }
}

/// What the two databases are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Databases {
    /// Our tables.
    pub store: String,
    /// The analysts' views.
    pub views: String,
}

impl Default for Databases {
    fn default() -> Databases {
        Databases { store: "highwater_store".into(), views: "highwater".into() }
    }
}

impl Databases {
    /// `text`, which speaks of `highwater_store` and `highwater`, with these names instead.
    pub(super) fn named(&self, text: &str) -> String {
        let parts = text.split("highwater_store").map(|part| {
            let part = part.replace("highwater.", &format!("{}.", self.views));
            part.replace("highwater\t", &format!("{}\t", self.views))
                .replace("highwater\n", &format!("{}\n", self.views))
        });
        parts.collect::<Vec<_>>().join(&self.store)
    }
}

#[cfg(test)]
mod tests {
    use super::{Databases, FILES};

    #[test]
    fn other_databases_take_the_place_of_the_usual_ones() {
        let databases = Databases { store: "s".into(), views: "v".into() };
        let text = "CREATE DATABASE IF NOT EXISTS highwater\nCOMMENT 'Highwater';\nFROM highwater_store.t, highwater.t";
        let named = "CREATE DATABASE IF NOT EXISTS v\nCOMMENT 'Highwater';\nFROM s.t, v.t";
        assert_eq!(databases.named(text), named);
        assert_eq!(Databases::default().named(text), text);
    }

    #[test]
    fn every_statement_is_found_and_can_be_run_again() {
        for file in FILES {
            let statements = file.statements(&Databases::default());
            let begun = file.text.matches("\nCREATE ").count() + file.text.matches("\nALTER ").count();
            assert_eq!(statements.len(), begun, "{}", file.name);
            for statement in statements {
                let again = statement.contains("IF NOT EXISTS") || statement.starts_with("CREATE OR REPLACE VIEW");
                assert!(again, "{}: {statement}", file.name);
            }
        }
    }
}
