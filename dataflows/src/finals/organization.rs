//! One organization's periods: what is known of them, which are final, and what is still to be billed.

use super::changes::{CorrectionKey, FinalChanges, KnownLine, OrganizationPeriod, PendingCorrection};
use super::known::{Known, Lines, Replaced, differing};
use crate::changes::{PeriodValue, RecurringKey};
use crate::event::{MeterIndex, OrganizationKey};
use crate::schedules::OrganizationTerms;
use highwater_rating::credits::CreditLine;
use highwater_rating::finals::{Correction, FinalPeriod, Line, LineId, Settled, correct, freeze};
use highwater_rating::rate::RateError;
use highwater_rating::recurring::RecurringLine;
use highwater_rating::terms::{Schedule, SpanOrGap};
use highwater_rating::time::{EventTime, Period};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const HOUR: i64 = 3_600_000_000;
/// How many periods are looked through for one that is not final: far more than any that were closed.
const PERIODS_AHEAD_MAX: usize = 100_000;

pub struct Organization {
    key: OrganizationKey,
    id: Arc<str>,
    terms: Arc<OrganizationTerms>,
    /// Periods and plans, of no meter in particular; made of `terms` when it is asked.
    calendar: Option<Schedule>,
    periods: BTreeMap<EventTime, Known>,
    /// Final periods that have or had lines.
    finals: BTreeMap<EventTime, Final>,
    settled: Settled,
    held: BTreeMap<EventTime, Option<RateError>>,
    /// Final periods that are not what was billed for them, or may not be.
    unsettled: BTreeSet<EventTime>,
    /// What was given out last.
    pending: Pending,
    /// The watermark when a correction without a next period was met.
    revision_since: Option<EventTime>,
}

#[derive(Clone, Copy)]
struct Final {
    end: EventTime,
    /// Of the last record; 0 where nothing was frozen.
    revision: u32,
}

/// What will bill a correction.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Billing {
    period: Period,
    revision: u32,
}

/// By the start of the final period, and the line.
type Pending = BTreeMap<(EventTime, LineId), Arc<PendingCorrection>>;

impl Organization {
    pub fn new(key: OrganizationKey, id: Arc<str>) -> Organization {
        Organization {
            key,
            id,
            terms: Arc::default(),
            calendar: None,
            periods: BTreeMap::new(),
            finals: BTreeMap::new(),
            settled: Settled::default(),
            held: BTreeMap::new(),
            unsettled: BTreeSet::new(),
            pending: BTreeMap::new(),
            revision_since: None,
        }
    }

    pub fn put_in_force(&mut self, terms: Arc<OrganizationTerms>) {
        self.terms = terms;
        self.calendar = None;
    }

    /// Takes up what an earlier run has closed; the last one first is not right.
    pub fn restore(&mut self, closed: &FinalPeriod) {
        self.settled.settle(closed);
        let start = closed.period.start;
        let known = self.finals.get(&start).map_or(0, |it| it.revision);
        let revision = known.max(closed.revision);
        self.finals.insert(start, Final { end: closed.period.end, revision });
        self.held.remove(&start);
        self.unsettled.insert(start);
        self.unsettled.extend(closed.lines.iter().filter_map(|line| line.corrects).map(|it| it.period_start));
    }

    /// An earlier run has held this period: it is not final.
    pub fn hold(&mut self, period_start: EventTime) {
        self.held.entry(period_start).or_insert(None);
    }

    /// What rating says of a meter's period. One that the watermark had passed before anything was known of it, and
    /// that was not held, is final with nothing.
    pub fn know(
        &mut self,
        meter: MeterIndex,
        name: Arc<str>,
        start: EventTime,
        value: Option<PeriodValue>,
        watermark: Option<EventTime>,
        known: &mut Vec<KnownLine>,
    ) {
        let is_new = !self.periods.contains_key(&start);
        let replaced = self.periods.entry(start).or_default().put_meter(&self.id, meter, name, value);
        if is_new {
            self.close_if_empty(start, watermark);
        }
        self.replaced(start, replaced, known);
    }

    /// The same of a line that no meter makes.
    pub fn know_recurring(
        &mut self,
        key: RecurringKey,
        line: Option<RecurringLine>,
        watermark: Option<EventTime>,
        known: &mut Vec<KnownLine>,
    ) {
        let start = key.period_start;
        let is_new = !self.periods.contains_key(&start);
        let replaced = self.periods.entry(start).or_default().put_recurring(&self.id, key, line);
        if is_new {
            self.close_if_empty(start, watermark);
        }
        self.replaced(start, replaced, known);
    }

    /// What money pays of a period, all of it.
    pub fn know_credits(
        &mut self,
        start: EventTime,
        lines: Result<Vec<CreditLine>, RateError>,
        known: &mut Vec<KnownLine>,
    ) {
        let replaced = self.periods.entry(start).or_default().put_credits(&self.id, lines);
        self.replaced(start, replaced, known);
    }

    fn replaced(&mut self, start: EventTime, mut replaced: Replaced, known: &mut Vec<KnownLine>) {
        if !self.finals.contains_key(&start) {
            return;
        }
        self.unsettled.insert(start);
        if !replaced.was_known {
            // After a start: what was billed last is known already.
            let settled = self.settled.of(start);
            let same = replaced.now.keys().filter_map(|id| settled.get(id)).map(|line| (line.id, line.clone()));
            replaced.before.extend(same);
        }
        self.tell_known(start, &replaced.before, &replaced.now, known);
    }

    /// The lines of a final period that a change has changed.
    fn tell_known(&self, period_start: EventTime, before: &Lines, now: &Lines, known: &mut Vec<KnownLine>) {
        let organization = self.key;
        let of = |(line_id, line): (LineId, Option<&Line>)| KnownLine {
            organization,
            period_start,
            line_id,
            line: line.cloned(),
        };
        known.extend(differing(before, now).map(of));
    }

    /// After a start: every line of a final period that is not what was billed for it last. The earlier process may have
    /// ended before it could tell.
    pub fn tell_what_differs(&self, known: &mut Vec<KnownLine>) {
        for start in self.finals.keys().copied() {
            let Ok(now) = self.lines(start) else { continue };
            self.tell_known(start, self.settled.of(start), &now, known);
        }
    }

    /// Whether anything could become final at this watermark.
    pub fn may_be_due(&self, watermark: Option<EventTime>) -> bool {
        let ended = |(start, known): (&EventTime, &Known)| {
            !self.finals.contains_key(start) && known.end().is_none_or(|end| Some(end) <= watermark)
        };
        self.revision_since.is_some() || self.periods.iter().any(ended)
    }

    pub fn close_empty(&mut self, watermark: Option<EventTime>) {
        for start in self.periods.keys().copied().collect::<Vec<_>>() {
            self.close_if_empty(start, watermark);
        }
    }

    fn close_if_empty(&mut self, start: EventTime, watermark: Option<EventTime>) {
        let open = !self.finals.contains_key(&start) && !self.held.contains_key(&start);
        if open
            && let Some(end) = self.end_of(start)
            && self.is_due(end, watermark)
        {
            self.finals.insert(start, Final { end, revision: 0 });
            self.unsettled.insert(start);
        }
    }

    /// Closes what the watermark has made final, and says what is to be corrected. `before` is the watermark that was
    /// passed before, absent where none is passed now.
    pub fn settle(
        &mut self,
        before: Option<Option<EventTime>>,
        watermark: Option<EventTime>,
        changes: &mut FinalChanges,
    ) {
        if let Some(before) = before {
            // What came before the watermark is billed as if it had come in an epoch of its own.
            self.plan_pending(before);
            let is_final = |start: &EventTime| self.finals.contains_key(start);
            let open: Vec<EventTime> = self.periods.keys().copied().filter(|start| !is_final(start)).collect();
            for start in open {
                let Some(end) = self.end_of(start) else { continue };
                if self.is_due(end, watermark) {
                    self.close(Period { start, end }, watermark, changes);
                }
            }
            self.revise(watermark, changes);
        }
        let pending = self.plan_pending(watermark);
        self.tell_pending(pending, changes);
    }

    fn close(&mut self, period: Period, watermark: Option<EventTime>, changes: &mut FinalChanges) {
        let billing = Billing { period, revision: 1 };
        let corrections = self.corrections_billed_by(billing, watermark);
        let key = OrganizationPeriod { organization: self.key, period_start: period.start };
        let frozen = self.lines(period.start).and_then(|lines| {
            let pairs = corrections.into_iter().flat_map(|pair| [pair.reversal, pair.correction]).flatten();
            freeze(&self.id, period, 1, watermark.unwrap_or(EventTime::MIN), lines.into_values().chain(pairs))
        });
        match frozen {
            Ok(frozen) => {
                let revision = u32::from(!frozen.is_empty());
                self.finals.insert(period.start, Final { end: period.end, revision });
                self.keep(frozen, changes);
                if self.held.remove(&period.start).is_some() {
                    changes.held.push((key, None));
                }
            }
            Err(error) => {
                if self.held.insert(period.start, Some(error)) != Some(Some(error)) {
                    changes.held.push((key, Some(error)));
                }
            }
        }
    }

    /// Bills what has no next period on another revision of the last final one, once a day.
    fn revise(&mut self, watermark: Option<EventTime>, changes: &mut FinalChanges) {
        let (Some(since), Some(watermark)) = (self.revision_since, watermark) else { return };
        let Some(billing) = self.next_revision() else { return };
        if watermark.floor_day() <= since.floor_day() {
            return;
        }
        let pairs = self.corrections_billed_by(billing, Some(watermark));
        let lines = pairs.into_iter().flat_map(|pair| [pair.reversal, pair.correction]).flatten();
        // What leaves the range stays pending.
        if let Ok(frozen) = freeze(&self.id, billing.period, billing.revision, watermark, lines)
            && !frozen.is_empty()
        {
            let mark = Final { end: billing.period.end, revision: billing.revision };
            self.finals.insert(billing.period.start, mark);
            self.keep(frozen, changes);
            self.revision_since = None;
        }
    }

    fn keep(&mut self, frozen: Vec<FinalPeriod>, changes: &mut FinalChanges) {
        for record in frozen {
            self.settled.settle(&record);
            changes.closed.push(Arc::new(record));
        }
    }

    /// What is to be corrected, and what will bill it.
    fn plan_pending(&mut self, watermark: Option<EventTime>) -> Pending {
        let mut pending = Pending::new();
        let mut waits_for_revision = false;
        for period_start in std::mem::take(&mut self.unsettled) {
            let Some(billing) = self.billing_of(period_start, watermark) else { continue };
            let Ok(corrections) = self.corrections_of(period_start, billing) else {
                // A meter without an amount: asked again when it has one.
                continue;
            };
            if !corrections.is_empty() {
                self.unsettled.insert(period_start);
                waits_for_revision |= self.finals.contains_key(&billing.period.start);
            }
            for correction in corrections {
                let Billing { period, revision } = billing;
                let key = (period_start, correction.corrects.line_id);
                pending.insert(key, Arc::new(PendingCorrection { period, revision, correction }));
            }
        }
        self.revision_since = match (waits_for_revision, self.revision_since) {
            (true, None) => watermark,
            (true, since) => since,
            (false, _) => None,
        };
        let billing: BTreeSet<EventTime> = pending.values().map(|it| it.period.start).collect();
        for start in &billing {
            // So that it is closed when its time comes, also without lines of its own.
            self.periods.entry(*start).or_default();
        }
        self.periods.retain(|start, known| !known.is_empty() || billing.contains(start));
        pending
    }

    /// Tells what is pending where that is not what was told.
    fn tell_pending(&mut self, pending: Pending, changes: &mut FinalChanges) {
        let key =
            |(period_start, line): (EventTime, LineId)| CorrectionKey { organization: self.key, period_start, line };
        let gone = self.pending.keys().filter(|it| !pending.contains_key(it)).map(|it| (key(*it), None));
        changes.corrections.extend(gone);
        let told = &self.pending;
        let new = pending.iter().filter(|(it, value)| told.get(it) != Some(*value));
        changes.corrections.extend(new.map(|(it, value)| (key(*it), Some(value.clone()))));
        self.pending = pending;
    }

    fn corrections_billed_by(&mut self, billing: Billing, watermark: Option<EventTime>) -> Vec<Correction> {
        let of: Vec<EventTime> = self.unsettled.iter().copied().collect();
        let billed = of.into_iter().filter(|start| self.billing_of(*start, watermark) == Some(billing));
        let billed: Vec<EventTime> = billed.collect();
        // A period without an amount is corrected when it has one.
        billed.into_iter().filter_map(|start| self.corrections_of(start, billing).ok()).flatten().collect()
    }

    fn corrections_of(&self, final_start: EventTime, billing: Billing) -> Result<Vec<Correction>, RateError> {
        let now = self.lines(final_start)?;
        correct(final_start, self.settled.of(final_start), &now, billing.period.start, billing.revision)
    }

    /// The period that bills the corrections of a final one: the first after it that is not final. Without one, the
    /// next revision of the last final period.
    fn billing_of(&mut self, final_start: EventTime, watermark: Option<EventTime>) -> Option<Billing> {
        let mut at = self.finals.get(&final_start)?.end;
        for _ in 0..PERIODS_AHEAD_MAX {
            match self.calendar().span_at(at) {
                SpanOrGap::Gap(gap) if gap.end == EventTime::MAX => return self.next_revision(),
                SpanOrGap::Gap(gap) => at = gap.end,
                SpanOrGap::Span(span) if self.is_open(span.period, watermark) => {
                    return Some(Billing { period: span.period, revision: 1 });
                }
                SpanOrGap::Span(span) if span.period.end == EventTime::MAX => return self.next_revision(),
                SpanOrGap::Span(span) => at = span.period.end,
            }
        }
        None
    }

    fn next_revision(&self) -> Option<Billing> {
        let (start, last) = self.finals.last_key_value()?;
        Some(Billing { period: Period { start: *start, end: last.end }, revision: last.revision + 1 })
    }

    fn is_open(&mut self, period: Period, watermark: Option<EventTime>) -> bool {
        let known = self.periods.contains_key(&period.start) || self.held.contains_key(&period.start);
        !self.finals.contains_key(&period.start) && (known || !self.is_due(period.end, watermark))
    }

    /// Every line of a period as it is known now.
    fn lines(&self, start: EventTime) -> Result<Lines, RateError> {
        self.periods.get(&start).map_or_else(|| Ok(Lines::new()), |known| known.lines(&self.id))
    }

    /// Whether the watermark has reached the end and the grace of the plan that was in force there.
    fn is_due(&mut self, end: EventTime, watermark: Option<EventTime>) -> bool {
        let Some(watermark) = watermark.filter(|watermark| end <= *watermark) else { return false };
        let last = EventTime(end.0.saturating_sub(1));
        let plan = match self.calendar().span_at(last) {
            SpanOrGap::Span(span) => Some(span.terms.plan.clone()),
            SpanOrGap::Gap(_) => None,
        };
        let grace_hours = self.terms.grace_hours(plan.as_deref(), last);
        end.0.checked_add(i64::from(grace_hours) * HOUR).is_some_and(|final_from| final_from <= watermark.0)
    }

    fn end_of(&mut self, start: EventTime) -> Option<EventTime> {
        if let Some(end) = self.periods.get(&start).and_then(Known::end) {
            return Some(end);
        }
        match self.calendar().span_at(start) {
            SpanOrGap::Span(span) => Some(span.period.end),
            SpanOrGap::Gap(_) => None,
        }
    }

    fn calendar(&mut self) -> &Schedule {
        let terms = &self.terms;
        self.calendar.get_or_insert_with(|| terms.calendar(&"".into()))
    }
}
