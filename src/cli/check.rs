//! `highwater check`: every mistake in settings and catalog, before anything starts.

use super::exit::{CommandError, Exit};
use super::global::GlobalArguments;
use super::probe::{self, State};
use super::{block_on, logging, output};
use crate::catalog::{CatalogError, read_catalog};
use crate::config::{ConfigMistake, Log, Settings};
use clap::Args;
use highwater_rating::catalog::Mistake;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Check settings and catalog files; print every mistake with its place
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater check
  highwater check --config highwater.toml --catalog catalog
  highwater check --connect --deny-warnings --json

Ends with 78 when something is wrong, with 69 when only something does not answer.")]
pub struct CheckArguments {
    /// The folder of catalog files; else catalog.directory
    #[arg(long, value_name = "DIR")]
    pub catalog: Option<PathBuf>,
    /// Read every secret and reach everything that the settings name, too
    #[arg(long)]
    pub connect: bool,
    /// End with 78 on warnings, too
    #[arg(long)]
    pub deny_warnings: bool,
    /// Print the mistakes as JSON
    #[arg(long)]
    pub json: bool,
}

/// One thing that was found, wherever.
#[derive(Debug, Serialize)]
struct Finding {
    severity: Severity,
    /// `file:line:column`, a variable, a flag or a dependency.
    place: String,
    code: String,
    message: String,
    help: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Severity {
    Error,
    Warning,
    /// Right as it is written, and does not answer.
    Unreachable,
}

pub fn run(global: &GlobalArguments, arguments: &CheckArguments) -> Result<Exit, CommandError> {
    let loaded = Settings::load(&global.inputs(Vec::new()));
    let mut findings = Vec::new();
    let mut directory = arguments.catalog.clone();
    match &loaded {
        Ok(settings) => {
            logging::start(&settings.config.log);
            let warnings = settings.warnings();
            findings.extend(warnings.iter().map(|warning| setting(Severity::Warning, warning)));
            if arguments.connect {
                findings.extend(settings.unreadable_secrets().iter().map(|mistake| setting(Severity::Error, mistake)));
            }
            directory = directory.or_else(|| settings.config.catalog.directory.clone());
        }
        Err(mistakes) => {
            logging::start(&Log::default());
            findings.extend(mistakes.iter().map(|mistake| setting(Severity::Error, mistake)));
        }
    }
    if let Some(directory) = &directory {
        findings.extend(catalog(directory));
    }
    if let Ok(settings) = &loaded
        && arguments.connect
        && findings.iter().all(|finding| finding.severity != Severity::Error)
    {
        findings.extend(block_on(probe::all(&settings.config))?.into_iter().filter_map(connection));
    }
    show(&findings, arguments, directory.as_deref())?;
    Ok(exit(&findings, arguments.deny_warnings))
}

fn exit(findings: &[Finding], deny_warnings: bool) -> Exit {
    let any = |severity| findings.iter().any(|finding| finding.severity == severity);
    if any(Severity::Error) || (deny_warnings && any(Severity::Warning)) {
        Exit::Configuration
    } else if any(Severity::Unreachable) {
        Exit::Unavailable
    } else {
        Exit::Done
    }
}

fn show(findings: &[Finding], arguments: &CheckArguments, catalog: Option<&Path>) -> Result<(), CommandError> {
    if arguments.json {
        return output::json(&findings);
    }
    for finding in findings {
        let Finding { severity, place, code, message, help } = finding;
        let severity = if *severity == Severity::Warning { "warning: " } else { "" };
        output::line(&format!("{place} {severity}{code} {message}"))?;
        if let Some(help) = help {
            output::line(&format!("  help: {help}"))?;
        }
    }
    let errors = findings.iter().filter(|finding| finding.severity != Severity::Warning).count();
    let warnings = findings.len() - errors;
    let checked = match catalog {
        Some(catalog) => format!("settings and {}", catalog.display()),
        None => "settings; no catalog was named".to_owned(),
    };
    let errors = output::counted(errors, "mistake", "mistakes");
    eprintln!("checked {checked}: {errors}, {}", output::counted(warnings, "warning", "warnings"));
    Ok(())
}

fn setting(severity: Severity, mistake: &ConfigMistake) -> Finding {
    let ConfigMistake { origin, code, message, help, .. } = mistake;
    let (code, message, help) = ((*code).to_owned(), message.clone(), help.clone());
    Finding { severity, place: origin.to_string(), code, message, help }
}

fn catalog(directory: &Path) -> Vec<Finding> {
    let unreadable = |message: String| Finding {
        severity: Severity::Error,
        place: directory.display().to_string(),
        code: "unreadable_catalog".into(),
        message,
        help: None,
    };
    match read_catalog(directory) {
        Ok(_) => Vec::new(),
        Err(CatalogError::Mistakes(mistakes)) => mistakes.into_iter().map(catalog_mistake).collect(),
        Err(error) => vec![unreadable(error.to_string())],
    }
}

fn catalog_mistake(mistake: Mistake) -> Finding {
    let Mistake { file, line, column, code, message, hint } = mistake;
    Finding {
        severity: Severity::Error,
        place: format!("{file}:{line}:{column}"),
        code: code.as_str().to_owned(),
        message,
        help: Some(hint).filter(|hint| !hint.is_empty()),
    }
}

fn connection(probe: probe::Probe) -> Option<Finding> {
    let severity = match probe.state {
        State::Ok => return None,
        State::Warning => Severity::Warning,
        State::Failed => Severity::Unreachable,
    };
    let place = format!("{} {}", probe.dependency, probe.place);
    let code = if severity == Severity::Warning { "dependency" } else { "unreachable" };
    Some(Finding { severity, place, code: code.into(), message: probe.message, help: probe.advice })
}
