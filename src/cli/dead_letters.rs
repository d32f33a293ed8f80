//! `highwater dead-letters list|show|replay`: where the bad ones went, why, and putting them back.

use super::connection::Connection;
use super::exit::{CommandError, Exit};
use super::global::GlobalArguments;
use super::send::Sender;
use super::{block_on, output};
use base64::Engine;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Find records that were no event, see why, put them back
#[derive(Clone, Debug, Subcommand)]
pub enum DeadLettersCommand {
    List(ListArguments),
    Show(ShowArguments),
    Replay(ReplayArguments),
}

/// List rejected records, newest first
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater dead-letters list
  highwater dead-letters list --code invalid_quantity --organization acme --json")]
pub struct ListArguments {
    #[command(flatten)]
    pub filter: Filter,
    /// Print NDJSON
    #[arg(long)]
    pub json: bool,
}

/// Print one rejected record with its bytes
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater dead-letters show log/events/0/42
  highwater dead-letters show log/events/0/42 --raw > record.json")]
pub struct ShowArguments {
    /// Where it stands, as `list` prints it: SOURCE/TOPIC/PARTITION/OFFSET
    pub place: String,
    /// Print the record's bytes and nothing else
    #[arg(long, conflicts_with = "json")]
    pub raw: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Send rejected records again, as they are or mended
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater dead-letters replay --code unknown_dimension --dry-run
  highwater dead-letters replay --place log/events/0/42 --mended record.json

A record that was put back stays in the list: its own outcome does not change.")]
pub struct ReplayArguments {
    #[command(flatten)]
    pub filter: Filter,
    /// Only the record at this place
    #[arg(long, value_name = "PLACE")]
    pub place: Option<String>,
    /// Send this file's bytes in the place of the record's
    #[arg(long, value_name = "FILE", requires = "place")]
    pub mended: Option<PathBuf>,
    /// Say what would be sent; send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print a line of JSON a record
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Clone, Debug, Default)]
pub struct Filter {
    /// Only with this code
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,
    /// Only of this organization
    #[arg(long, value_name = "ID")]
    pub organization: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: u64,
}

pub fn run(global: &GlobalArguments, command: &DeadLettersCommand) -> Result<Exit, CommandError> {
    let settings = global.settings_with_secrets(Vec::new())?;
    block_on(async {
        let connection = Connection::open(&settings.config).await?;
        let done = match command {
            DeadLettersCommand::List(arguments) => list(&connection, arguments).await,
            DeadLettersCommand::Show(arguments) => show(&connection, arguments).await,
            DeadLettersCommand::Replay(arguments) => {
                let records = chosen(&connection, arguments).await;
                match records {
                    Ok(records) => replay(&settings.config, records, arguments).await,
                    Err(error) => Err(error),
                }
            }
        };
        connection.close().await;
        done
    })?
}

/// A rejected record, its bytes in base64 as they may be no text.
const COLUMNS: &str = "code, path, hint, organization_id, source, id, received_at, base64Encode(raw) AS raw_base64,
    toValidUTF8(raw) AS text, concat(place_source, '/', place_topic, '/', toString(place_partition), '/',
    toString(place_offset)) AS place";

async fn read(connection: &Connection, filter: &Filter, place: Option<&str>) -> Result<Vec<Value>, CommandError> {
    let query = format!(
        "SELECT {COLUMNS} FROM highwater.dead_letters
        WHERE ({{code:String}} = '' OR code = {{code:String}})
            AND ({{organization:String}} = '' OR organization_id = {{organization:String}})
            AND ({{place:String}} = '' OR place = {{place:String}})
        ORDER BY received_at DESC, place_topic, place_partition, place_offset DESC LIMIT {{limit:UInt64}}"
    );
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let parameters = [
        ("code", text(&filter.code)),
        ("organization", text(&filter.organization)),
        ("place", place.unwrap_or_default().to_owned()),
        ("limit", filter.limit.to_string()),
    ];
    connection.rows(&query, &parameters).await
}

async fn list(connection: &Connection, arguments: &ListArguments) -> Result<Exit, CommandError> {
    let records = read(connection, &arguments.filter, None).await?;
    if arguments.json {
        for record in records {
            output::line(&record.to_string())?;
        }
        return Ok(Exit::Done);
    }
    if records.is_empty() {
        output::line("no record was rejected")?;
        return Ok(Exit::Done);
    }
    let mut table = output::table(["place", "received", "organization", "code", "path", "hint"]);
    for record in &records {
        let columns = ["place", "received_at", "organization_id", "code", "path", "hint"];
        table.add_row(columns.map(|column| record[column].as_str().unwrap_or_default()));
    }
    output::line(&table.trim_fmt())?;
    Ok(Exit::Done)
}

async fn one(connection: &Connection, place: &str) -> Result<Value, CommandError> {
    let filter = Filter { limit: 1, ..Filter::default() };
    let found = read(connection, &filter, Some(place)).await?.into_iter().next();
    found.ok_or_else(|| {
        CommandError::new(Exit::Negative, format_args!("no rejected record stands at {place}"))
            .help("highwater dead-letters list")
    })
}

async fn show(connection: &Connection, arguments: &ShowArguments) -> Result<Exit, CommandError> {
    let record = one(connection, &arguments.place).await?;
    if arguments.raw {
        output::bytes(&raw(&record)?)?;
    } else if arguments.json {
        output::json(&record)?;
    } else {
        for field in ["place", "received_at", "organization_id", "source", "id", "code", "path", "hint"] {
            output::line(&format!("{field:<16} {}", record[field].as_str().unwrap_or_default()))?;
        }
        output::line(&format!("\n{}", record["text"].as_str().unwrap_or_default()))?;
    }
    Ok(Exit::Done)
}

async fn chosen(connection: &Connection, arguments: &ReplayArguments) -> Result<Vec<Value>, CommandError> {
    match &arguments.place {
        Some(place) => Ok(vec![one(connection, place).await?]),
        None => read(connection, &arguments.filter, None).await,
    }
}

async fn replay(
    config: &crate::config::Config,
    records: Vec<Value>,
    arguments: &ReplayArguments,
) -> Result<Exit, CommandError> {
    let mended = match &arguments.mended {
        Some(path) => {
            let read = std::fs::read(path);
            Some(read.map_err(|error| CommandError::input(format_args!("{}: {error}", path.display())))?)
        }
        None => None,
    };
    let mut sender = None;
    let mut refused = 0;
    for record in &records {
        let bytes = match &mended {
            Some(bytes) => bytes.clone(),
            None => raw(record)?,
        };
        let result = if arguments.dry_run {
            "would be sent".to_owned()
        } else {
            if sender.is_none() {
                sender = Some(Sender::open(config)?);
            }
            let Some(sender) = &sender else { continue };
            sender.send(record, bytes).await?
        };
        refused += u64::from(result.starts_with("rejected"));
        let place = record["place"].as_str().unwrap_or_default();
        if arguments.json {
            output::line(&json!({ "place": place, "result": result }).to_string())?;
        } else {
            output::line(&format!("{place}  {result}"))?;
        }
    }
    eprintln!("{}", output::counted(records.len(), "record", "records"));
    Ok(if refused > 0 { Exit::Negative } else { Exit::Done })
}

fn raw(record: &Value) -> Result<Vec<u8>, CommandError> {
    let encoded = record["raw_base64"].as_str().unwrap_or_default();
    base64::engine::general_purpose::STANDARD.decode(encoded).map_err(CommandError::internal)
}
