//! Every bound on an event, in one place.

/// Of `id`, `organizationId`, `source` and `feature`. Kafka keys, ClickHouse sorting keys and Stripe metadata all take
/// texts of this size.
pub const NAME_BYTES: usize = 256;

/// Paths are longer than names; what is longer still is a query string with personal data in it.
pub const ENDPOINT_BYTES: usize = 1_024;

/// Metadata describes an event. What needs more entries is a document and belongs elsewhere.
pub const METADATA_ENTRIES: usize = 32;
pub const METADATA_KEY_BYTES: usize = 128;
pub const METADATA_VALUE_BYTES: usize = 256;

/// A number's exponent in metadata, either sign: what every JSON reader can hold (`1e400` is infinite to most).
pub const METADATA_EXPONENT: u32 = 300;

/// Of a whole record: five times what the largest event needs that keeps all the other limits.
pub const RECORD_BYTES: usize = 64 * 1024;

/// An event needs three levels; more are tolerated so that the answer can name the field that is wrong.
pub const DEPTH: usize = 16;

/// How far a producer's clock may be ahead of ours, in microseconds: five minutes, as Stripe allows for meter events.
pub const FUTURE_TOLERANCE_US: i64 = 5 * 60 * 1_000_000;
