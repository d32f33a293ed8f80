//! Every bound of the sources, each with its reason. Reaching one is a named outcome or back-pressure, never a loss.

use std::time::Duration;

/// Bytes of one run of lines from a file: large enough that handing a batch over costs nothing beside decoding it,
/// small enough that several workers share one file evenly and the batch stays in a core's second-level cache.
pub const LINES_BATCH_BYTES: usize = 1 << 20;

/// The longest line that is read from a stream whose size is unknown (gzip, standard input). A mapped file needs no
/// such bound, as it is not copied; what is too long for an event is rejected when it is decoded.
pub const STREAM_LINE_MAX_BYTES: usize = 64 << 20;

/// Records of one batch of the embedded log or of Kafka: thousands, so that per-batch work vanishes.
pub const BATCH_RECORDS: usize = 8_192;

/// Bytes of one batch of the embedded log or of Kafka, for large records.
pub const BATCH_BYTES: usize = 4 << 20;

/// Table records handed out at once; tables are small beside events.
pub const TABLE_BATCH_RECORDS: usize = 8_192;

/// Appends that may wait for the writer of the embedded log. More are answered `busy`: the caller holds the request
/// and tries again, instead of this process holding it in memory.
pub const LOG_QUEUE_APPENDS: usize = 4_096;

/// Bytes that may wait for the writer of the embedded log, for appends that are large.
pub const LOG_QUEUE_BYTES: usize = 64 << 20;

/// Bytes that share one fsync. A group is what arrived during the fsync before it; the bound keeps the time until an
/// acknowledgement below a few hundred milliseconds on a slow disk.
pub const LOG_GROUP_BYTES: usize = 8 << 20;

/// Bytes of one stored block of the embedded log: what is read at once to recall one record.
pub const LOG_BLOCK_BYTES: usize = 256 << 10;

/// The largest record that the embedded log takes. The HTTP door has a smaller bound; this one guards the format,
/// whose lengths are 32 bits wide.
pub const LOG_RECORD_MAX_BYTES: usize = 64 << 20;

/// Free space below which the embedded log refuses appends. The store writes each record a few times (journal,
/// table, compaction) and must be able to finish what it began.
pub const LOG_FREE_SPACE_RESERVE_BYTES: u64 = 256 << 20;

/// Memory in which the embedded log's store keeps recent blocks of its tables.
pub const LOG_CACHE_BYTES: u64 = 16 << 20;

/// Memory per stream in which the embedded log's store collects blocks before it writes a table.
pub const LOG_MEMTABLE_BYTES: u64 = 16 << 20;

/// Space of the store's journal before it is forced into tables.
pub const LOG_JOURNAL_BYTES: u64 = 256 << 20;

/// Bytes of a file that are mapped at once. A window goes when its last batch is dropped, so that the memory of a
/// replay does not grow with its files.
pub const FILE_WINDOW_BYTES: usize = 32 << 20;

/// How long one question to the brokers may take before it counts as an outage. A broker that is up answers within
/// milliseconds; one that fails over takes a few seconds.
pub const KAFKA_REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// How long after a failed request its reason is waited for, which decides between an outage and refused credentials.
pub const KAFKA_REASON_WAIT: Duration = Duration::from_millis(500);

/// How often topics are looked at for new partitions.
pub const KAFKA_TOPICS_INTERVAL: Duration = Duration::from_secs(3);

/// How often the ends of partitions are asked for: lag is as fresh as this, and an offset that is about to be lost
/// is noticed within it. Two requests a partition, which is why it is not every second.
pub const KAFKA_WATERMARKS_INTERVAL: Duration = Duration::from_secs(15);

/// How often in a row a topic must be missing before it counts as deleted. A broker that is starting does not know
/// its topics for a moment.
pub const KAFKA_MISSING_LOOKS: u32 = 4;

/// How long a single record may take to be read again.
pub const KAFKA_RECALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Records that are handed to the producer before their deliveries are waited for.
pub const KAFKA_WRITE_RECORDS: usize = 10_000;
