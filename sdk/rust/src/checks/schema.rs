//! Check 23: a schema that changed without a migration, and migrations that destroy.

use super::line::{code, extension, name};
use super::{Hit, Scene};
use crate::changed::{ChangedFile, Line};
use crate::{ChangeKind, Severity};

pub(super) fn find(scene: &Scene<'_>) -> Vec<Hit> {
    let mut hits = destructive(scene);
    let migrates = scene.change.files.iter().any(|file| is_migration(&file.path));
    let has_migrations = || scene.tree().files.iter().any(|path| is_migration(path));
    if !migrates {
        let altered: Vec<(&ChangedFile, &Line<'_>)> = scene.files().filter_map(altered).collect();
        if !altered.is_empty() && has_migrations() {
            hits.extend(altered.into_iter().map(|(file, line)| Hit {
                message: "The schema changed, and there is no migration that brings existing data there.".into(),
                suggestion: "Add the migration, and its way back.",
                ..Hit::at(&file.path, *line)
            }));
        }
    }
    hits
}

fn is_migration(path: &str) -> bool {
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    folders.split('/').any(|part| matches!(part, "migrations" | "migration" | "migrate" | "versions"))
        && !path.ends_with("__init__.py")
}

/// A file that declares a schema, with the first line that alters it.
fn altered<'s>((file, lines): (&'s ChangedFile, &'s [Line<'s>])) -> Option<(&'s ChangedFile, &'s Line<'s>)> {
    let declares = |line: &str| match name(&file.path) {
        "schema.prisma" | "schema.sql" | "structure.sql" => !code(line).is_empty(),
        "schema.rs" => code(line).contains(" -> "),
        "models.py" | "model.py" => ["= models.", "Column(", "mapped_column("].iter().any(|it| code(line).contains(it)),
        name if name.ends_with(".entity.ts") => code(line).starts_with("@Column"),
        _ => false,
    };
    (file.kind == ChangeKind::Modified)
        .then(|| lines.iter().find(|line| declares(line.text)).map(|line| (file, line)))?
}

/// SQL that destroys what is there. On the way back it undoes what the way forth made.
fn destructive(scene: &Scene<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (file, lines) in scene.files() {
        let is_sql = extension(&file.path) == "sql" || is_migration(&file.path);
        if !is_sql || ["down", "rollback", "revert"].iter().any(|word| name(&file.path).to_lowercase().contains(word)) {
            continue;
        }
        let back = way_back(&scene.change.text(&file.path).unwrap_or_default());
        let destroys = lines.iter().filter(|line| destroys(line.text) && line.line < back);
        hits.extend(destroys.map(|line| Hit {
            severity: Severity::Major,
            message: "This destroys data that is there, for good.".into(),
            suggestion: "Stop using it first, and drop it in a later release; or say in the spec that it may go.",
            ..Hit::at(&file.path, *line)
        }));
    }
    hits
}

/// The first line of a migration's way back.
fn way_back(text: &str) -> u32 {
    let begins = |line: &str| {
        let line = line.trim().to_lowercase();
        [
            "-- +goose down",
            "-- migrate:down",
            "--- down",
            "-- down",
            "def downgrade",
            "def down",
            "exports.down",
            "async down",
            "public async down",
            "-- @down",
            "export async function down",
        ]
        .iter()
        .any(|mark| line.starts_with(mark))
    };
    (1..).zip(text.lines()).find(|(_, line)| begins(line)).map_or(u32::MAX, |(line, _)| line)
}

fn destroys(line: &str) -> bool {
    let line = code(line).to_uppercase();
    let drops = ["DROP TABLE", "DROP COLUMN", "DROP DATABASE", "DROP SCHEMA", "TRUNCATE "]
        .iter()
        .any(|word| line.contains(word));
    let deletes =
        line.contains("DELETE FROM ") && !line.contains(" WHERE ") && line.trim_end().ends_with([';', '"', '\'']);
    let methods = ["DROP_TABLE(", "DROP_COLUMN(", "DROPTABLE(", "DROPCOLUMN(", "REMOVE_COLUMN ", "DROP_TABLE "];
    let rebuilt = line.contains("DROP TABLE IF EXISTS TEMP") || line.contains("TRUNCATE(");
    (drops || deletes || methods.iter().any(|word| line.contains(word))) && !rebuilt
}
