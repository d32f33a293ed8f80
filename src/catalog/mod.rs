//! Catalogs at the edge: the files of a folder, and the rows that the table streams hold.
//!
//! Does not own what they say (`highwater_rating::catalog`).

mod in_force;

pub use in_force::rows_in_force;

use highwater_rating::catalog::{Catalog, CatalogText, Mistake, parse};
use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    #[error("{path}: {source}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{0} holds no catalog: there is no *.toml and no *.ndjson file in it")]
    Empty(PathBuf),
    /// Every mistake in all files.
    #[error("{} mistake(s) in the catalog; `highwater check --catalog` shows them", .0.len())]
    Mistakes(Vec<Mistake>),
}

/// Reads a folder of catalog files, or one file.
pub fn read_catalog(path: &Path) -> Result<Catalog, CatalogError> {
    let unreadable = |path: &Path| {
        let path = path.to_path_buf();
        move |source| CatalogError::Unreadable { path, source }
    };
    let mut paths = Vec::new();
    if path.is_file() {
        paths.push(path.to_path_buf());
    } else {
        for entry in std::fs::read_dir(path).map_err(unreadable(path))? {
            let file = entry.map_err(unreadable(path))?.path();
            if file.extension().is_some_and(|ending| ending == "toml" || ending == "ndjson") {
                paths.push(file);
            }
        }
    }
    if paths.is_empty() {
        return Err(CatalogError::Empty(path.into()));
    }
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
        files.push((path.display().to_string(), text));
    }
    let texts: Vec<CatalogText<'_>> = files.iter().map(|(name, text)| CatalogText { name, text }).collect();
    parse(&texts).map_err(CatalogError::Mistakes)
}
