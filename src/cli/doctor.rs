//! `highwater doctor`: one row a dependency.

use super::exit::{CommandError, Exit};
use super::global::GlobalArguments;
use super::output;
use super::probe::{self, Probe, State};
use clap::Args;

/// Try everything that Highwater needs: one row each, with what to do
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater doctor
  highwater doctor --json --config highwater.toml

Ends with 69 when something cannot be reached.")]
pub struct DoctorArguments {
    /// Print the rows as JSON
    #[arg(long)]
    pub json: bool,
}

pub fn run(global: &GlobalArguments, arguments: &DoctorArguments) -> Result<Exit, CommandError> {
    let settings = global.settings_with_secrets(Vec::new())?;
    let probes = super::block_on(probe::all(&settings.config))?;
    if arguments.json {
        output::json(&probes)?;
    } else {
        show(&probes)?;
    }
    let failed = probes.iter().any(|probe| probe.state == State::Failed);
    Ok(if failed { Exit::Unavailable } else { Exit::Done })
}

fn show(probes: &[Probe]) -> Result<(), CommandError> {
    let mut table = output::table(["", "dependency", "place", "ms", "version", "found"]);
    for probe in probes {
        let sign = match probe.state {
            State::Ok => "✓",
            State::Warning => "!",
            State::Failed => "✗",
        };
        let latency = probe.latency_ms.map(|latency_ms| latency_ms.to_string()).unwrap_or_default();
        let version = probe.version.clone().unwrap_or_default();
        table.add_row([sign, &probe.dependency, &probe.place, &latency, &version, &probe.message]);
    }
    output::line(&table.trim_fmt())?;
    for probe in probes {
        if let Some(advice) = &probe.advice {
            output::line(&format!("\n{} {}: {advice}", probe.dependency, probe.place))?;
        }
    }
    Ok(())
}
