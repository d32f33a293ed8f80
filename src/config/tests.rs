//! What settings promise: every mistake at once, in its place; the later layer wins; a secret is never shown.

use super::{Config, ConfigMistake, Flag, Inputs, Origin, Settings, SourceKind};
use std::path::PathBuf;
use std::time::Duration;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().expect("a temporary folder"))
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).expect("a file in a temporary folder");
        path
    }
}

fn file(text: &str) -> (Folder, Inputs) {
    let folder = Folder::new();
    let paths = vec![folder.write("highwater.toml", text)];
    (folder, Inputs { paths, ..Inputs::default() })
}

fn mistakes(inputs: &Inputs) -> Vec<ConfigMistake> {
    Settings::load(inputs).err().unwrap_or_default()
}

/// `line:column code help` of each mistake of one file.
fn found(text: &str) -> Vec<String> {
    let (_folder, inputs) = file(text);
    let line = |mistake: ConfigMistake| match mistake.origin {
        Origin::File { line, column, .. } => {
            format!("{line}:{column} {} {}", mistake.code, mistake.help.unwrap_or_default())
        }
        other => format!("{other} {}", mistake.code),
    };
    mistakes(&inputs).into_iter().map(line).collect()
}

#[test]
fn a_mistake_is_named_with_its_place_and_what_to_do() {
    let secret = "inline_secret write { env = \"NAME\" } or { file = \"/run/secrets/name\" }";
    let duration = "invalid_unit write a number and a unit: \"100ms\", \"1s\", \"5m\", \"2h\", \"35d\"";
    let size = "invalid_unit write a whole number and a unit: \"512B\", \"64KiB\", \"8MiB\", \"1GiB\"";
    let topic = "invalid_value 1 to 249 letters, digits, `.`, `_` and `-`";
    let address = "invalid_value for example \"http://clickhouse:8123\"";
    let table = [
        ("service.data_dri = 'x'", "1:9 unknown_setting did you mean `service.data_dir`?".to_owned()),
        ("[servce]\nworkers = 1", "1:2 unknown_setting did you mean `service`?".to_owned()),
        ("[service]\nbrokers = 'x'", "2:1 unknown_setting did you mean `kafka.brokers`?".to_owned()),
        ("nonsense_entirely = 1", "1:1 unknown_setting ".to_owned()),
        ("service.workers = 'two'", "1:19 wrong_type ".to_owned()),
        ("service.workers = 2.5", "1:19 wrong_type ".to_owned()),
        ("service.workers = 99999999999999999999", "1:19 wrong_type ".to_owned()),
        ("service.workers = -1", "1:19 invalid_value ".to_owned()),
        ("service.workers = 0", "1:19 invalid_value ".to_owned()),
        ("service.workers = 65", "1:19 invalid_value ".to_owned()),
        ("service = 1", "1:11 wrong_type ".to_owned()),
        ("service.data_dir = 1", "1:20 wrong_type ".to_owned()),
        ("service.epoch_interval = 5", format!("1:26 {duration}")),
        ("service.epoch_interval = '5'", format!("1:26 {duration}")),
        ("service.epoch_interval = '5 parsecs'", format!("1:26 {duration}")),
        ("service.epoch_interval = '1ms'", "1:26 invalid_value ".to_owned()),
        ("service.epoch_interval = '61s'", "1:26 invalid_value ".to_owned()),
        ("service.listen_http = 'here'", "1:23 invalid_value ".to_owned()),
        ("source.kind = 'kafak'", "1:15 invalid_value did you mean \"kafka\"?".to_owned()),
        ("source.kind = 'carrier pigeon'", "1:15 invalid_value ".to_owned()),
        ("log.level = 'highwater=loud'", "1:13 invalid_value one of error, warn, info, debug, trace".to_owned()),
        ("events.archive = 'maybe'", "1:18 wrong_type ".to_owned()),
        ("events.max_event_bytes = '64KB'", format!("1:26 {size}")),
        ("events.max_event_bytes = 65536", format!("1:26 {size}")),
        ("events.max_event_bytes = '1GiB'", "1:26 invalid_value ".to_owned()),
        ("events.horizon = '10m'", "1:18 invalid_value ".to_owned()),
        ("http.max_body_bytes = '1KiB'", "1:23 invalid_value ".to_owned()),
        ("kafka.event_topics = ['a b']", format!("1:22 {topic}")),
        ("kafka.event_topics = ['a', 1]", "1:28 wrong_type ".to_owned()),
        ("kafka.dead_letter_topic = ''", format!("1:27 {topic}")),
        (
            "kafka.dead_letter_topic = 'highwater.events.v1'",
            "1:27 invalid_value a rejected record would be read again for ever".to_owned(),
        ),
        ("kafka.table_topics.plans = 'highwater.events.v1'", "1:28 invalid_value ".to_owned()),
        (
            "kafka.table_topics.plans = 'highwater.meters.v1'",
            "1:28 invalid_value the topic says which table a row belongs to".to_owned(),
        ),
        ("kafka.table_topics.plan = 'x'", "1:20 unknown_setting did you mean `kafka.table_topics.plans`?".to_owned()),
        (
            "source.kind = 'kafka'\nkafka.brokers = ''",
            "2:17 missing_setting for example \"broker-1:9092,broker-2:9092\"".to_owned(),
        ),
        (
            "[kafka.properties]\nauto.offset.reset = 'latest'",
            "2:21 reserved_property an offset that is gone must stop the source, not skip records".to_owned(),
        ),
        ("[kafka.properties]\n'group.id' = 'x'", "2:14 reserved_property it is set as `kafka.group_id`".to_owned()),
        ("[kafka.properties]\nsasl.mechansim = 'PLAIN'", "2:18 invalid_property ".to_owned()),
        ("[kafka.properties]\nsasl.password = 'x'", format!("2:17 {secret}")),
        ("[kafka.properties]\n'ssl.key.password' = 'x'", format!("2:22 {secret}")),
        ("clickhouse.password = 'x'", format!("1:23 {secret}")),
        ("clickhouse.password = 1", format!("1:23 {secret}")),
        (
            "clickhouse.password = { env = 'A', file = 'b' }",
            "1:23 invalid_value write { env = \"NAME\" } or { file = \"/run/secrets/name\" }".to_owned(),
        ),
        (
            "clickhouse.password = { vault = 'x' }",
            "1:23 invalid_value write { env = \"NAME\" } or { file = \"/run/secrets/name\" }".to_owned(),
        ),
        ("clickhouse = { embedded = false, url = 'clickhouse' }", format!("1:40 {address}")),
        ("clickhouse = { embedded = false, url = 'tcp://a:9000' }", format!("1:40 {address}")),
        (
            "clickhouse = { embedded = false, url = 'http://u:p@a' }",
            "1:40 inline_secret set clickhouse.user and clickhouse.password".to_owned(),
        ),
        (
            "clickhouse.listen = '0.0.0.0:8123'",
            "1:21 missing_setting anybody could read and change every row".to_owned(),
        ),
        ("clickhouse.listen = '127.0.0.1:8080'", "1:21 overlapping_paths ".to_owned()),
        ("clickhouse.data_dir = 'data'", "1:23 overlapping_paths leave it out, or name a folder of its own".to_owned()),
        (
            "catalog.directory = 'x/../data/catalog'",
            "1:21 overlapping_paths the data folder may be removed and rebuilt".to_owned(),
        ),
        ("service.workers = 1 1", "1:19 invalid_toml ".to_owned()),
        ("\n  log.format = 'xml'", "2:16 invalid_value ".to_owned()),
    ];
    for (text, expected) in table {
        assert_eq!(found(text), std::slice::from_ref(&expected), "{text}");
    }
}

#[test]
fn what_is_allowed_and_probably_not_meant_is_warned_of() {
    let table = [
        ("", ""),
        ("service.listen_http = '0.0.0.0:8080'", "1:23 open_door"),
        ("service.listen_http = '0.0.0.0:8080'\nhttp.token = { env = 'TOKEN' }", ""),
        ("service.listen_http = '0.0.0.0:8080'\nsource.kind = 'kafka'", ""),
        ("[clickhouse]\nembedded = false\nurl = 'http://a:8123'\npassword = { env = 'P' }", "3:7 plain_text_password"),
        ("[clickhouse]\nembedded = false\nurl = 'https://a:8443'\npassword = { env = 'P' }", ""),
        ("[clickhouse]\nembedded = false\nurl = 'http://127.0.0.1:8123'\npassword = { env = 'P' }", ""),
        ("kafka.brokers = 'a:9092'", "1:17 unused_setting"),
        ("[kafka.properties]\nsasl.username = 'me'", "2:17 unused_setting"),
        ("[kafka.properties]\nsasl.username = 'me'\nsecurity.protocol = 'sasl_ssl'", ""),
    ];
    for (text, expected) in table {
        let (_folder, inputs) = file(text);
        let warnings = Settings::load(&inputs).expect("valid settings").warnings();
        let warnings: Vec<String> = warnings
            .into_iter()
            .map(|warning| match warning.origin {
                Origin::File { line, column, .. } => format!("{line}:{column} {}", warning.code),
                other => format!("{other} {}", warning.code),
            })
            .collect();
        assert_eq!(warnings.join(" "), expected, "{text}");
    }
}

#[test]
fn all_mistakes_of_all_layers_are_named_at_once() {
    let (_folder, mut inputs) = file("[service]\nworkers = 'x'\ndata_dri = 'y'\n[log]\nformat = 'z'\nlevel = 1\n= 2");
    inputs.environment = vec![("HIGHWATER_KAFKA_BROKERS".into(), "a".into())];
    inputs.assignments = vec!["events.archive=perhaps".into(), "half".into(), "events.horizon=1".into()];
    inputs.flags = vec![Flag { name: "--workers", setting: "service.workers", value: "many".into() }];
    let mut codes: Vec<_> =
        mistakes(&inputs).iter().map(|mistake| format!("{} {}", mistake.setting, mistake.code)).collect();
    codes.sort();
    assert_eq!(
        codes,
        [
            " invalid_toml",
            "events.archive wrong_type",
            "events.horizon invalid_unit",
            "half invalid_assignment",
            "kafka_brokers unknown_setting",
            "log.format invalid_value",
            "log.level wrong_type",
            "service.data_dri unknown_setting",
            "service.workers wrong_type",
            "service.workers wrong_type",
        ]
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = Folder::new();
    for path in [folder.0.path().join("missing.toml"), {
        let path = folder.write("latin.toml", "");
        std::fs::write(&path, [0xff, 0xfe]).expect("a file");
        path
    }] {
        let inputs = Inputs { paths: vec![path.clone()], ..Inputs::default() };
        let found = mistakes(&inputs);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].code, "unreadable_file");
        assert!(found[0].to_string().starts_with(&path.display().to_string()));
    }
}

#[test]
fn the_later_layer_wins_and_its_place_is_known() {
    let folder = Folder::new();
    folder
        .write("10-base.toml", "service.workers = 2\nservice.epoch_interval = '2s'\n[kafka]\nbrokers = 'base:9092'\n");
    folder.write("20-site.toml", "[kafka]\nbrokers = 'site:9092'\ngroup_id = 'site'\nevent_topics = ['a', 'b']\n");
    folder.write("notes.txt", "not read");
    let mut inputs = Inputs { paths: vec![folder.0.path().to_owned()], ..Inputs::default() };
    let brokers = ["kafka", "brokers"];
    type Change = fn(&mut Inputs);
    let steps: [(&str, &str, Change); 4] = [
        ("site:9092", "20-site.toml:2:11", |_| {}),
        ("env:9092", "HIGHWATER_KAFKA__BROKERS", |inputs| {
            inputs.environment = vec![("HIGHWATER_KAFKA__BROKERS".into(), "env:9092".into())];
        }),
        ("set:9092", "--set kafka.brokers", |inputs| inputs.assignments = vec!["kafka.brokers=set:9092".into()]),
        ("flag:9092", "--brokers", |inputs| {
            inputs.flags = vec![Flag { name: "--brokers", setting: "kafka.brokers", value: "flag:9092".into() }];
        }),
    ];
    for (value, place, step) in steps {
        step(&mut inputs);
        let settings = Settings::load(&inputs).expect("valid settings");
        assert_eq!(settings.config.kafka.brokers, value);
        assert!(settings.origin_of(&brokers).to_string().ends_with(place), "{value}");
        assert_eq!(settings.config.service.workers, 2);
        assert_eq!(settings.config.service.epoch_interval, Duration::from_secs(2));
        assert_eq!(settings.config.kafka.event_topics, ["a", "b"]);
        assert_eq!(settings.origin_of(&["log", "level"]), Origin::Default);
    }
}

#[test]
fn a_variable_and_an_assignment_can_hold_every_kind_of_value() {
    let environment = [
        ("HIGHWATER_SERVICE__WORKERS", "3"),
        ("HIGHWATER_EVENTS__ARCHIVE", "false"),
        ("HIGHWATER_SOURCE__KIND", "kafka"),
        ("HIGHWATER_KAFKA__GROUP_ID", "7"),
        ("HIGHWATER_KAFKA__EVENT_TOPICS", "a, b"),
        ("HIGHWATER_KAFKA__PROPERTIES__SASL_MECHANISM", "PLAIN"),
        ("HIGHWATER_CLICKHOUSE__PASSWORD", "{ env = \"PASSWORD\" }"),
        ("HIGHWATER_CONFIG", "is no setting"),
        ("HIGHWATER_TEST_KAFKA", "is no setting"),
        ("PATH", "/bin"),
    ];
    let inputs = Inputs {
        environment: environment.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        assignments: vec!["kafka.properties.sasl.username=user".into(), "events.max_event_bytes=1KiB".into()],
        ..Inputs::default()
    };
    let config = Config::load(&inputs).expect("valid settings");
    assert_eq!(config.service.workers, 3);
    assert!(!config.events.archive);
    assert_eq!(config.source.kind, SourceKind::Kafka);
    assert_eq!(config.kafka.group_id, "7");
    assert_eq!(config.kafka.event_topics, ["a", "b"]);
    let names: Vec<_> = config.kafka.properties.keys().collect();
    assert_eq!(names, ["sasl.mechanism", "sasl.username"]);
    assert_eq!(config.events.max_event_bytes, 1024);
    assert!(config.clickhouse.password.is_some());
}

#[test]
fn a_secret_reference_is_replaced_and_never_merged() {
    let (folder, mut inputs) = file("clickhouse.password = { env = 'HIGHWATER_TEST_UNSET' }");
    let path = folder.write("password", "from the file\n");
    assert_eq!(Settings::load(&inputs).expect("valid settings").unreadable_secrets().len(), 1);
    inputs.assignments = vec![format!("clickhouse.password={{ file = {path:?} }}")];
    let settings = Settings::load(&inputs).expect("valid settings");
    assert_eq!(settings.unreadable_secrets(), []);
    let password = settings.config.clickhouse.password.expect("a password").reveal();
    assert_eq!(password.as_deref(), Ok("from the file"));
}

#[test]
fn a_secret_is_never_printed_wherever_it_stands() {
    const CANARY: &str = "canary-8d1f";
    let wrong_places = [
        "clickhouse.password = 'canary-8d1f'",
        "clickhouse.passwort = 'canary-8d1f'",
        "clickhouse.url = 'http://me:canary-8d1f@host'\nclickhouse.embedded = false",
        "clickhouse.password = { envv = 'canary-8d1f' }",
        "clickhouse.listen = 'canary-8d1f'",
        "clickhouse.embedded = 'canary-8d1f'",
        "[kafka.properties]\nsasl.password = 'canary-8d1f'",
        "[kafka.properties]\nsasl.pasword = 'canary-8d1f'",
        "[kafka.properties]\nsasl.password = { vault = 'canary-8d1f' }",
        "[kafka.properties]\nsasl.password = ['canary-8d1f']",
        "clickhouse.password = 'canary-8d1f",
        "clickhouse.password = canary-8d1f",
    ];
    for text in wrong_places {
        let (_folder, inputs) = file(text);
        let found = mistakes(&inputs);
        assert!(!found.is_empty(), "{text}");
        for mistake in found {
            let printed = format!("{mistake} {mistake:?} {}", serde_json::to_string(&mistake).expect("JSON"));
            assert!(!printed.contains(CANARY), "{text}: {printed}");
        }
    }

    let (folder, mut inputs) = file("");
    let path = folder.write("canary", CANARY);
    inputs.assignments = ["clickhouse.password", "kafka.properties.sasl.password"]
        .map(|setting| format!("{setting}={{ file = {path:?} }}"))
        .to_vec();
    let settings = Settings::load(&inputs).expect("valid settings");
    let printed = format!("{settings:?} {}", serde_json::to_string(&settings.shown()).expect("JSON"));
    assert!(!printed.contains(CANARY), "{printed}");
    assert!(printed.contains("***"));
}

#[test]
fn what_is_shown_reads_back_as_the_same_settings() {
    let (_folder, inputs) = file("service.workers = 7\n[kafka.properties]\nsasl.mechanism = 'PLAIN'\n");
    let settings = Settings::load(&inputs).expect("valid settings");
    let lines = settings.shown().into_iter().filter(|shown| !shown.value.is_null());
    let text: String = lines.map(|shown| format!("{} = {}\n", shown.setting, shown.value)).collect();
    let (_folder, again) = file(&text);
    assert_eq!(Config::load(&again).expect("valid settings"), settings.config);
}

#[test]
fn the_schema_file_is_the_one_of_these_settings() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/config/highwater.schema.json");
    let written = std::fs::read_to_string(&path).expect("schemas/config/highwater.schema.json");
    let written: serde_json::Value = serde_json::from_str(&written).expect("JSON");
    assert!(written == super::schema(), "write it anew: highwater config show --schema > {}", path.display());
}
