//! What must be billed so that a final period's lines come to what is known of them now.

use super::{Corrects, Line, LineId, LineKind};
use crate::rate::RateError;
use crate::time::EventTime;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One line of a final period that is no longer what was billed for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Correction {
    pub corrects: Corrects,
    pub cause: Cause,
    /// Takes back what was billed; absent where nothing was.
    pub reversal: Option<Line>,
    /// What is charged instead; absent where the line is gone.
    pub correction: Option<Line>,
}

/// Why a line has changed after its period was final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Events came late or were taken out.
    Events,
    /// A row of the tables has changed.
    Terms,
    EventsAndTerms,
    /// Neither its own events nor its own terms: what an earlier span or a credit left over has changed, or what the
    /// other lines of a period come to, which its true-up follows.
    Carry,
}

impl Cause {
    pub fn name(self) -> &'static str {
        match self {
            Cause::Events => "events",
            Cause::Terms => "terms",
            Cause::EventsAndTerms => "events_and_terms",
            Cause::Carry => "carry",
        }
    }

    pub fn between(settled: Option<&Line>, now: Option<&Line>) -> Cause {
        if let Some(either) = now.or(settled)
            && either.kind != LineKind::Usage
        {
            return Cause::without_events(settled, now, either.kind);
        }
        let events = |line: Option<&Line>| line.map_or((0, Default::default()), |line| (line.events, line.quantity));
        let terms = |line: &Line| (line.terms.clone(), line.span_end);
        let other_events = events(settled) != events(now);
        let other_terms = match (settled, now) {
            (Some(settled), Some(now)) => terms(settled) != terms(now),
            // A line that comes or goes has events that came or went with it, or a boundary that moved.
            _ => !other_events,
        };
        match (other_events, other_terms) {
            (true, true) => Cause::EventsAndTerms,
            (true, false) => Cause::Events,
            (false, true) => Cause::Terms,
            (false, false) => Cause::Carry,
        }
    }

    /// Of a line that no meter makes. A true-up comes and goes with what the period's other lines come to.
    fn without_events(settled: Option<&Line>, now: Option<&Line>, kind: LineKind) -> Cause {
        let charged_by = |line: &Line| (line.terms.clone(), line.span_end, line.quantity);
        let same_terms = match (settled, now) {
            (Some(settled), Some(now)) => charged_by(settled) == charged_by(now),
            _ => kind == LineKind::TrueUp,
        };
        if same_terms { Cause::Carry } else { Cause::Terms }
    }
}

/// The corrections of the final period that starts at `final_period`, as lines of the period that starts at
/// `billed_period`, in order of line. `settled` is what was billed for each line so far, `now` what is known of it.
///
/// An error where a number leaves the range: then none of the period can be given.
pub fn correct(
    final_period: EventTime,
    settled: &BTreeMap<LineId, Line>,
    now: &BTreeMap<LineId, Line>,
    billed_period: EventTime,
    revision: u32,
) -> Result<Vec<Correction>, RateError> {
    let ids: BTreeSet<LineId> = settled.keys().chain(now.keys()).copied().collect();
    let mut corrections = Vec::new();
    for id in ids {
        let (before, after) = (settled.get(&id), now.get(&id));
        let Some(either) = after.or(before) else { continue };
        if let (Some(before), Some(after)) = (before, after)
            && before.bills_as(after)
        {
            continue;
        }
        let corrects = Corrects { line_id: id, period_start: final_period, kind: either.kind };
        let name = |kind| LineId::of_correction(kind, id, final_period, billed_period, revision);
        corrections.push(Correction {
            corrects,
            cause: Cause::between(before, after),
            reversal: before.map(|line| line.reversed(name(LineKind::Reversal), corrects)).transpose()?,
            correction: after.map(|line| Line {
                id: name(LineKind::Correction),
                kind: LineKind::Correction,
                corrects: Some(corrects),
                ..line.clone()
            }),
        });
    }
    Ok(corrections)
}
