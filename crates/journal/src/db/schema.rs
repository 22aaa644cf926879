//! The schema: every shape it has had, oldest first, for each of the two servers.

use sqlx::{
    SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
};

/// Version, name and text, as in the file's own name.
type Step = (i64, &'static str, &'static str);

pub const SQLITE: &[Step] = &[
    (1, "foundation", include_str!("../../migrations/sqlite/0001_foundation.sql")),
    (2, "tally", include_str!("../../migrations/sqlite/0002_tally.sql")),
    (3, "hold_live", include_str!("../../migrations/sqlite/0003_hold_live.sql")),
];

/// A migration runs while binaries of the release before it still serve, so it only adds (a column with a default, a table, an
/// index made concurrently); what nobody uses any more is dropped one release later. `CREATE OR REPLACE VIEW` may add columns at
/// the end alone.
pub const POSTGRES: &[Step] = &[
    (1, "foundation", include_str!("../../migrations/postgres/0001_foundation.sql")),
    (2, "tally", include_str!("../../migrations/postgres/0002_tally.sql")),
    (3, "hold_live", include_str!("../../migrations/postgres/0003_hold_live.sql")),
];

/// An index that is made concurrently cannot be made in a transaction: its file begins so.
const ALONE: &str = "-- no-transaction";

/// Without the macro of the same purpose: it would compile both servers' clients a second time.
pub fn migrator(steps: &[Step]) -> Migrator {
    let migration = |&(version, name, sql): &Step| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), sql.starts_with(ALONE))
    };
    Migrator::with_migrations(steps.iter().map(migration).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, fs, path::Path};

    #[test]
    fn every_file_is_a_step() {
        for (folder, steps) in [("sqlite", SQLITE), ("postgres", POSTGRES)] {
            let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder)).unwrap();
            let files: BTreeSet<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
            let named: BTreeSet<_> =
                steps.iter().map(|(version, name, _)| format!("{version:04}_{name}.sql")).collect();
            assert_eq!(files, named, "{folder}");
        }
    }
}
