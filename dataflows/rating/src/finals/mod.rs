//! Late, closed, corrected: what is frozen when a period is final, and what follows from what came later.
//!
//! ```text
//!  lines as known now ──┬─ freeze ──► FinalPeriod (lines in order of id, total, checksum)
//!                       │                 │ settle
//!                       │                 ▼
//!                       └─ correct ◄── Settled: what was billed for each line so far
//!                             │
//!                             └──► reversal + new line, on a later period
//! ```
//!
//! For every line of a final period: what was frozen and all its corrections, frozen or pending, add up to the line as
//! it is known now, to the last digit. Owns that sum, the names of correcting lines, and the canonical form that the
//! checksum is over. Does not own when a period is final, nor where a final period is kept.

mod canonical;
mod correction;
mod line;
mod record;
mod settled;

pub use canonical::checksum;
pub use correction::{Cause, Correction, correct};
pub use line::{Corrects, Line, LineId, LineKind};
pub use record::{Difference, FinalPeriod, freeze};
pub use settled::Settled;

/// After its end a period waits so long for what is late, unless its plan says otherwise.
pub const DEFAULT_GRACE_HOURS: u32 = 72;
