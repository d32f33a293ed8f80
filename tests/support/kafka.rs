//! A real Apache Kafka for tests: one node, KRaft, on free loopback ports, with its data in a temporary directory.
//!
//! `tests/parts/install-kafka` fetches it. Where that is not possible the tests that need it say `skipped: …`; with
//! `CI=true` they fail instead, unless the machine lacks Java or Maven altogether.
#![allow(dead_code, reason = "each test binary uses its share")]

use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const START_DEADLINE: Duration = Duration::from_secs(90);
const REQUEST_DEADLINE: Duration = Duration::from_secs(20);

/// Runs the broker until told otherwise. When this process ends, however it ends, its side of the pipe closes and the
/// broker is killed.
const KEEPER: &str = r#"
"$@" >>"$BROKER_LOG" 2>&1 </dev/null &
broker=$!
if read -r order && [ "$order" = stop ]; then kill "$broker"; else kill -9 "$broker"; fi
wait "$broker"
"#;

pub struct Broker {
    directory: tempfile::TempDir,
    port: u16,
    sasl_port: u16,
    keeper: Option<Child>,
}

/// The broker that all tests of a binary share, each with topics of its own. `None` was announced as skipped.
pub fn shared_broker() -> Option<&'static Broker> {
    static SHARED: OnceLock<Option<Broker>> = OnceLock::new();
    SHARED.get_or_init(Broker::start).as_ref()
}

fn libraries() -> Result<PathBuf, String> {
    static INSTALLED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let install = || {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let output =
            Command::new(root.join("tests/parts/install-kafka")).output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(said.lines().last().unwrap_or("tests/parts/install-kafka failed").to_owned());
        }
        let parts = std::env::var_os("HIGHWATER_PARTS").map_or_else(|| root.join(".parts"), PathBuf::from);
        Ok(parts.join("kafka/libs"))
    };
    INSTALLED.get_or_init(install).clone()
}

fn is_installed(program: &str) -> bool {
    Command::new(program).arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

impl Broker {
    pub fn start() -> Option<Broker> {
        if let Err(reason) = libraries() {
            let required =
                std::env::var("CI").is_ok_and(|ci| ci == "true") && is_installed("java") && is_installed("mvn");
            assert!(!required, "Apache Kafka could not be installed: {reason}");
            eprintln!("skipped: needs Apache Kafka, which could not be installed: {reason}");
            return None;
        }
        let free = || TcpListener::bind("127.0.0.1:0").unwrap();
        let (plain, sasl, controller) = (free(), free(), free());
        let port_of = |listener: &TcpListener| listener.local_addr().unwrap().port();
        let (port, sasl_port, controller_port) = (port_of(&plain), port_of(&sasl), port_of(&controller));
        drop((plain, sasl, controller));
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        let properties = format!(
            "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAIN://127.0.0.1:{port},SASL://127.0.0.1:{sasl_port},CONTROLLER://127.0.0.1:{controller_port}
listener.security.protocol.map=PLAIN:PLAINTEXT,SASL:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAIN
sasl.enabled.mechanisms=PLAIN
listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_highwater=\"secret\";
log.dirs={}
auto.create.topics.enable=false
num.partitions=1
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
",
            data.display()
        );
        std::fs::write(directory.path().join("server.properties"), properties).unwrap();
        let mut broker = Broker { directory, port, sasl_port, keeper: None };
        let mut format = broker.java(&["kafka.tools.StorageTool", "format", "-t", "4L6g3nShT-eMCtK--X86sw", "-c"]);
        let formatted = format.output().unwrap();
        assert!(formatted.status.success(), "{}", String::from_utf8_lossy(&formatted.stderr));
        broker.run();
        Some(broker)
    }

    fn java(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("java");
        command.args(["-Xms64m", "-Xmx320m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]);
        command.arg("-Dorg.apache.logging.log4j.level=INFO");
        command.arg("-cp").arg(libraries().unwrap().join("*")).args(arguments);
        command.arg(self.directory.path().join("server.properties"));
        command
    }

    /// Starts the broker on the data that is there, and returns when it answers.
    pub fn run(&mut self) {
        assert!(self.keeper.is_none(), "the broker is running");
        let java = self.java(&["kafka.Kafka"]);
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(java.get_program()).args(java.get_args());
        keeper.env("BROKER_LOG", self.log()).stdin(Stdio::piped()).stderr(Stdio::null());
        self.keeper = Some(keeper.spawn().unwrap());
        let client: BaseConsumer = self.client().create().unwrap();
        let deadline = Instant::now() + START_DEADLINE;
        while client.fetch_metadata(None, Duration::from_millis(500)).is_err() {
            let ended = self.keeper.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "the broker did not start:\n{}", self.log_end());
        }
    }

    /// Ends the broker as a service manager would.
    pub fn stop(&mut self) {
        let mut keeper = self.keeper.take().expect("a running broker");
        keeper.stdin.take().unwrap().write_all(b"stop\n").unwrap();
        keeper.wait().unwrap();
    }

    /// Ends the broker by SIGKILL.
    pub fn kill(&mut self) {
        let mut keeper = self.keeper.take().expect("a running broker");
        drop(keeper.stdin.take());
        keeper.wait().unwrap();
    }

    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Where user `highwater` with password `secret` is let in by SASL PLAIN.
    pub fn sasl_bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.sasl_port)
    }

    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.bootstrap()).set("reconnect.backoff.max.ms", "200");
        config
    }

    pub fn create_topic(&self, name: &str, partitions: i32, settings: &[(&str, &str)]) {
        let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        let topic = settings.iter().fold(topic, |topic, (key, value)| topic.set(key, value));
        self.admin(|admin, options| {
            futures::executor::block_on(admin.create_topics([&topic], options)).unwrap().remove(0).unwrap();
        });
        self.wait_for_partitions(name, partitions as usize);
    }

    pub fn add_partitions(&self, topic: &str, count: usize) {
        self.admin(|admin, options| {
            let wanted = NewPartitions::new(topic, count);
            futures::executor::block_on(admin.create_partitions([&wanted], options)).unwrap().remove(0).unwrap();
        });
        self.wait_for_partitions(topic, count);
    }

    pub fn delete_topic(&self, topic: &str) {
        self.admin(|admin, options| {
            futures::executor::block_on(admin.delete_topics(&[topic], options)).unwrap().remove(0).unwrap();
        });
        self.wait_for_partitions(topic, 0);
    }

    /// Removes the records before `offset`, as retention does.
    pub fn delete_records(&self, topic: &str, partition: i32, offset: i64) {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Offset(offset)).unwrap();
        self.admin(|admin, options| {
            futures::executor::block_on(admin.delete_records(&list, options)).unwrap();
        });
    }

    /// Writes (key, value) pairs to one partition and waits until they are durable.
    pub fn produce(&self, topic: &str, partition: i32, records: &[(Option<&str>, Option<&str>)]) {
        let producer: BaseProducer = self.client().set("acks", "all").set("linger.ms", "0").create().unwrap();
        for record in records {
            producer.send(to_partition(topic, partition, record)).map_err(|(error, _)| error).unwrap();
            producer.poll(Duration::ZERO);
        }
        producer.flush(REQUEST_DEADLINE).unwrap();
    }

    /// Writes records in a transaction that is committed or aborted.
    pub fn produce_in_transaction(&self, topic: &str, records: &[(Option<&str>, Option<&str>)], commit: bool) {
        let producer: BaseProducer = self.client().set("transactional.id", topic).create().unwrap();
        producer.init_transactions(REQUEST_DEADLINE).unwrap();
        producer.begin_transaction().unwrap();
        for record in records {
            producer.send(to_partition(topic, 0, record)).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(REQUEST_DEADLINE).unwrap();
        match commit {
            true => producer.commit_transaction(REQUEST_DEADLINE).unwrap(),
            false => producer.abort_transaction(REQUEST_DEADLINE).unwrap(),
        }
    }

    fn wait_for_partitions(&self, topic: &str, count: usize) {
        let client: BaseConsumer = self.client().create().unwrap();
        let deadline = Instant::now() + REQUEST_DEADLINE;
        loop {
            let metadata = client.fetch_metadata(Some(topic), REQUEST_DEADLINE).unwrap();
            let led = |partition: &&rdkafka::metadata::MetadataPartition| partition.leader() >= 0;
            if metadata.topics()[0].partitions().iter().filter(led).count() == count {
                return;
            }
            assert!(Instant::now() < deadline, "`{topic}` did not get {count} partitions");
        }
    }

    fn admin(&self, action: impl FnOnce(&AdminClient<DefaultClientContext>, &AdminOptions)) {
        let admin: AdminClient<_> = self.client().create().unwrap();
        let deadline = Some(REQUEST_DEADLINE);
        action(&admin, &AdminOptions::new().request_timeout(deadline).operation_timeout(deadline));
    }

    fn log(&self) -> PathBuf {
        self.directory.path().join("broker.log")
    }

    fn log_end(&self) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if self.keeper.is_some() {
            self.kill();
        }
    }
}

fn to_partition<'a>(
    topic: &'a str,
    partition: i32,
    (key, value): &(Option<&'a str>, Option<&'a str>),
) -> BaseRecord<'a, str, str> {
    let mut record = BaseRecord::to(topic).partition(partition);
    record.key = *key;
    record.payload = *value;
    record
}
