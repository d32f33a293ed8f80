//! One period of one organization as it is known now: what its meters come to, what recurs in it, what money pays of it.

use crate::changes::{PeriodValue, RecurringKey};
use crate::event::MeterIndex;
use highwater_rating::credits::CreditLine;
use highwater_rating::finals::{Line, LineId, LineKind};
use highwater_rating::rate::RateError;
use highwater_rating::recurring::RecurringLine;
use highwater_rating::time::EventTime;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub type Lines = BTreeMap<LineId, Line>;

#[derive(Default)]
pub struct Known {
    meters: BTreeMap<MeterIndex, (Arc<str>, PeriodValue)>,
    /// By kind, name and start.
    recurring: BTreeMap<(LineKind, Arc<str>, EventTime), RecurringLine>,
    /// What money pays of the meters' lines; an error where that cannot be said.
    credits: Option<Result<Lines, RateError>>,
}

/// What was put in place of what. A part without an amount has no lines.
pub struct Replaced {
    /// Whether there was anything before.
    pub was_known: bool,
    pub before: Lines,
    pub now: Lines,
}

impl Known {
    pub fn put_meter(
        &mut self,
        organization_id: &str,
        meter: MeterIndex,
        name: Arc<str>,
        value: Option<PeriodValue>,
    ) -> Replaced {
        let lines = |part: Option<&(Arc<str>, PeriodValue)>| -> Lines {
            part.and_then(|(name, value)| of_meter(organization_id, name, value).ok()).into_iter().flatten().collect()
        };
        let before = match value {
            Some(value) => self.meters.insert(meter, (name, value)),
            None => self.meters.remove(&meter),
        };
        let (was_known, before) = (before.is_some(), lines(before.as_ref()));
        Replaced { was_known, before, now: lines(self.meters.get(&meter)) }
    }

    pub fn put_recurring(&mut self, organization_id: &str, key: RecurringKey, line: Option<RecurringLine>) -> Replaced {
        let lines = |part: Option<&RecurringLine>| -> Lines {
            part.and_then(|line| Line::of_recurring(organization_id, line).ok())
                .map(|line| (line.id, line))
                .into_iter()
                .collect()
        };
        let key = (key.kind, key.name, key.start);
        let now = lines(line.as_ref());
        let before = match line {
            Some(line) => self.recurring.insert(key, line),
            None => self.recurring.remove(&key),
        };
        Replaced { was_known: before.is_some(), before: lines(before.as_ref()), now }
    }

    /// What money pays of the period, all of it.
    pub fn put_credits(&mut self, organization_id: &str, lines: Result<Vec<CreditLine>, RateError>) -> Replaced {
        let of_credit = |line: &CreditLine| Line::of_credit(organization_id, line).map(|line| (line.id, line));
        let now: Result<Lines, RateError> = lines.and_then(|lines| lines.iter().map(of_credit).collect());
        let before = self.credits.replace(now.clone());
        Replaced {
            was_known: before.is_some(),
            before: before.and_then(Result::ok).unwrap_or_default(),
            now: now.unwrap_or_default(),
        }
    }

    /// Whether there is nothing to bill: credits pay what is there.
    pub fn is_empty(&self) -> bool {
        self.meters.is_empty() && self.recurring.is_empty()
    }

    /// As the lines have it; `None` where there is none with an amount.
    pub fn end(&self) -> Option<EventTime> {
        let of_meter = |(_, value): &(Arc<str>, PeriodValue)| match value {
            PeriodValue::Rated(rated) => Some(rated.period.end),
            PeriodValue::Error(_) => None,
        };
        self.recurring.values().map(|line| line.period.end).next().or_else(|| self.meters.values().find_map(of_meter))
    }

    /// Every line; an error where any part has one.
    pub fn lines(&self, organization_id: &str) -> Result<Lines, RateError> {
        let mut lines = self.credits.clone().unwrap_or_else(|| Ok(Lines::new()))?;
        for (name, value) in self.meters.values() {
            lines.extend(of_meter(organization_id, name, value)?);
        }
        for line in self.recurring.values() {
            let line = Line::of_recurring(organization_id, line)?;
            lines.insert(line.id, line);
        }
        Ok(lines)
    }
}

fn of_meter(
    organization_id: &str,
    name: &Arc<str>,
    value: &PeriodValue,
) -> Result<impl Iterator<Item = (LineId, Line)>, RateError> {
    match value {
        PeriodValue::Error(error) => Err(*error),
        PeriodValue::Rated(rated) => {
            let of_usage = rated.lines.iter().map(|line| Line::of_usage(organization_id, name, line));
            Ok(of_usage.map(|line| (line.id, line)))
        }
    }
}

/// Lines that are there in one of the two and not the same in the other: as they are now.
pub fn differing<'a>(before: &'a Lines, now: &'a Lines) -> impl Iterator<Item = (LineId, Option<&'a Line>)> {
    let ids: BTreeSet<LineId> = now.keys().chain(before.keys()).copied().collect();
    ids.into_iter().filter(|id| now.get(id) != before.get(id)).map(|id| (id, now.get(&id)))
}
