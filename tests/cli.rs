//! The program as a person meets it: what its documentation shows is what it prints.

#[path = "support/kafka.rs"]
mod broker;
#[path = "cli/on_kafka.rs"]
mod on_kafka;
#[path = "cli/on_the_engine.rs"]
mod on_the_engine;

use assert_cmd::cargo::cargo_bin;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

/// Every console block of the README and of `tests/cli` runs, and prints what stands there.
#[test]
fn what_the_documentation_shows_is_what_the_program_prints() {
    trycmd::TestCases::new().env("NO_COLOR", "1").case("README.md").case("tests/cli/*.md");
}

fn highwater(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(cargo_bin("highwater"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("HIGHWATER_")) {
        command.env_remove(name);
    }
    command.args(arguments).current_dir(folder).output().expect("the program starts")
}

/// Every command and subcommand, as words.
fn commands() -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![Vec::new()];
    while let Some(words) = open.pop() {
        let help = help_of(&words);
        let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
        // Continued descriptions are indented further.
        let names = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        let names: Vec<_> =
            names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect();
        if names.is_empty() {
            found.push(words.clone());
        }
        open.extend(names.into_iter().map(|name| [words.clone(), vec![name.to_owned()]].concat()));
    }
    found
}

fn help_of(words: &[String]) -> String {
    let arguments: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
    let output = highwater(&arguments, Path::new("."));
    assert!(output.status.success(), "{words:?} --help");
    String::from_utf8(output.stdout).expect("help is text")
}

/// The lines under `Examples:`.
fn examples(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    lines.take_while(|line| line.starts_with("  ")).map(|line| line.trim().to_owned()).collect()
}

#[test]
fn every_command_shows_examples_of_itself() {
    for words in commands() {
        let found = examples(&help_of(&words));
        assert!(!found.is_empty(), "`highwater {} --help` has no examples", words.join(" "));
        let own = format!("highwater {}", words.join(" "));
        assert!(found.iter().any(|example| example.contains(&own)), "{found:?} do not show `{own}`");
    }
}

/// A code that says "you wrote this wrongly" or "the program is broken" cannot come from an example.
#[test]
fn every_example_runs() {
    // They run until somebody ends them; `tests/service.rs` starts the service.
    let endless: BTreeSet<&str> = BTreeSet::from(["run", "demo", "tap"]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    for words in commands().iter().filter(|words| !endless.contains(words[0].as_str())) {
        for example in examples(&help_of(words)) {
            let script =
                format!("set -o pipefail; {}", example.replace("/etc/bash_completion.d", ".").replace("~/.zfunc", "."));
            let program = cargo_bin("highwater");
            let path = format!("{}:/usr/bin:/bin", program.parent().expect("a folder").display());
            let output = Command::new("bash")
                .args(["-c", &script])
                .env_clear()
                .env("PATH", path)
                .current_dir(folder.path())
                .output()
                .expect("bash starts");
            let code = output.status.code();
            let printed = String::from_utf8_lossy(&output.stderr);
            assert!(!matches!(code, None | Some(64 | 70 | 101)), "`{example}` ended with {code:?}: {printed}");
        }
    }
}

#[test]
fn a_secret_in_the_environment_or_a_file_is_never_printed() {
    const CANARY: &str = "canary-3c77a1";
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("secret"), CANARY).expect("a file");
    std::fs::write(
        folder.path().join("highwater.toml"),
        "source.kind = 'kafka'\nkafka.brokers = '127.0.0.1:1'\n[clickhouse]\nembedded = false\nurl = 'http://127.0.0.1:1'\n\
         password = { env = 'CANARY' }\n[kafka.properties]\nsecurity.protocol = 'sasl_plaintext'\nsasl.mechanism = 'PLAIN'\n\
         sasl.username = 'me'\nsasl.password = { file = 'secret' }\n",
    )
    .expect("a file");
    for arguments in [
        &["config", "show"][..],
        &["config", "show", "--origin"],
        &["config", "show", "--json"],
        &["check"],
        &["doctor"],
        &["doctor", "--json"],
        &["doctor", "--log-level", "trace"],
        &["migrate"],
        &["config", "show", "--set", "clickhouse.password=canary-3c77a1"],
        &["config", "show", "--set", "clickhouse.pasword=canary-3c77a1"],
    ] {
        let output = Command::new(cargo_bin("highwater"))
            .args(arguments)
            .args(["--config", "highwater.toml"])
            .env("CANARY", CANARY)
            .current_dir(folder.path())
            .output()
            .expect("the program starts");
        let printed = [output.stdout, output.stderr].concat();
        assert!(!String::from_utf8_lossy(&printed).contains(CANARY), "{arguments:?}");
    }
}

#[test]
fn results_go_to_standard_output_and_everything_else_to_standard_error() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let shown = highwater(&["config", "show", "--json"], folder.path());
    assert!(shown.stderr.is_empty());
    serde_json::from_slice::<serde_json::Value>(&shown.stdout).expect("JSON and nothing else");
    for arguments in [&["config", "show", "--set", "nonsense=1"][..], &["nonsense"], &["config"]] {
        let refused = highwater(arguments, folder.path());
        assert!(refused.stdout.is_empty(), "{arguments:?}");
        assert!(!refused.stderr.is_empty(), "{arguments:?}");
    }
}

/// The settings as they are printed validate against the schema that is printed.
#[test]
fn the_printed_schema_describes_the_printed_settings() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let schema = highwater(&["config", "show", "--schema"], folder.path());
    let schema: serde_json::Value = serde_json::from_slice(&schema.stdout).expect("a JSON Schema");
    let validator = jsonschema::validator_for(&schema).expect("a valid JSON Schema");
    let shown = highwater(&["config", "show"], folder.path());
    let settings: serde_json::Value = toml::from_str(&String::from_utf8_lossy(&shown.stdout)).expect("TOML");
    assert!(
        validator.is_valid(&settings),
        "{:?}",
        validator.iter_errors(&settings).map(|error| error.to_string()).collect::<Vec<_>>()
    );
    for wrong in ["service.workers = 'x'", "nonsense = 1", "clickhouse.password = 'open'"] {
        let settings: serde_json::Value = toml::from_str(wrong).expect("TOML");
        assert!(!validator.is_valid(&settings), "{wrong}");
    }
}

/// A panel or a rule over a metric that is not there never shows and never fires.
#[test]
fn every_metric_of_dashboards_and_alerts_is_one_of_the_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = String::new();
    let mut open = vec![root.join("src")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path()));
        } else {
            sources.push_str(&std::fs::read_to_string(path).expect("a source file"));
        }
    }
    for file in ["schemas/deploy/alerts.yaml", "schemas/deploy/grafana/dashboards/operations.json"] {
        let text = std::fs::read_to_string(root.join(file)).expect(file);
        let words = text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
        let metrics: BTreeSet<&str> = words.filter(|word| word.starts_with("highwater_")).collect();
        assert!(!metrics.is_empty(), "{file}");
        for metric in metrics {
            assert!(sources.contains(&format!("{metric:?}")), "{file} names {metric}, which the program does not have");
        }
    }
}
