//! Credits by brute force: every instant at which anything could happen is visited in order, and at each of them every
//! rule is asked of every row afresh.
//!
//! Keeps no balances. What is left of a grant is the sum over everything that was ever written down about it.

use crate::civil::{self, Cadence, Micros};
use crate::exact::{self, Fraction, row_decimal};
use crate::tables::{covers, effective_from, effective_to, text};
use num_traits::{Signed, Zero};
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Rows of one organization and one meter or currency, as the tables have them, and its usage.
#[derive(Clone, Debug, Default)]
pub struct Credits {
    pub grants: Vec<Value>,
    pub policies: Vec<Value>,
    /// In the order of time.
    pub usage: Vec<(Micros, Fraction)>,
    /// Usage is covered in whole multiples of this.
    pub grain: Option<Fraction>,
    /// How far recurrences are worked out.
    pub recurring_until: Micros,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreditsExpected {
    pub entries: BTreeMap<(Micros, String), CreditEntry>,
    /// For each usage what each grant covers, in the order of burn.
    pub covered: Vec<Vec<(String, Fraction)>>,
    pub requests: Vec<CreditRequest>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct CreditEntry {
    pub opening: Fraction,
    pub granted: Fraction,
    pub burned: Fraction,
    pub expired: Fraction,
    pub rolled_over: Fraction,
    pub refunded: Fraction,
    pub closing: Fraction,
}

#[derive(Clone, Debug, PartialEq)]
pub struct CreditRequest {
    pub id: String,
    pub at: Micros,
    pub amount: Fraction,
    pub balance: Fraction,
    pub pending: Fraction,
    pub answered_by: Option<String>,
    pub lapses_at: Micros,
    policy: String,
    period_start: Micros,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Granted,
    Burned,
    Expired,
    RolledOver,
    Refunded,
}

struct Move {
    at: Micros,
    grant: String,
    what: What,
    amount: Fraction,
}

struct Book<'a> {
    case: &'a Credits,
    moves: Vec<Move>,
    requests: Vec<CreditRequest>,
    /// Under each policy, in order: whether balance and pending requests reached the threshold, or (`None`) a request.
    seen: BTreeMap<String, Vec<Option<bool>>>,
}

pub fn expect(case: &Credits) -> CreditsExpected {
    let mut book = Book { case, moves: Vec::new(), requests: Vec::new(), seen: BTreeMap::new() };
    let mut instants = book.instants();
    let mut covered = Vec::new();
    // Without usage only what happens until then is looked at.
    let last = case.usage.last().map_or(case.recurring_until, |(at, _)| case.recurring_until.max(*at));
    while let Some(now) = instants.pop_first().filter(|now| *now <= last) {
        book.happen(now);
        for (_, need) in case.usage.iter().filter(|(at, _)| *at == now) {
            covered.push(book.burn(now, need));
        }
        if let Some(request) = book.ask(now) {
            let ends = [Some(request.lapses_at), book.answer(&request.id).map(effective_from)];
            instants.extend(ends.into_iter().flatten().filter(|at| *at > now && *at <= case.recurring_until));
        }
    }
    CreditsExpected { entries: book.entries(), covered, requests: book.requests }
}

impl Book<'_> {
    fn instants(&self) -> BTreeSet<Micros> {
        let mut instants: BTreeSet<Micros> = self.case.usage.iter().map(|(at, _)| *at).collect();
        let boundaries_of = |row: &Value, from: Micros, to: Option<Micros>, instants: &mut BTreeSet<Micros>| {
            let cadence = Cadence::of_row(row);
            let mut at = cadence.period_of(from).end;
            while at <= self.case.recurring_until && to.is_none_or(|to| at < to) {
                instants.insert(at);
                at = cadence.period_of(at).end;
            }
        };
        for grant in &self.case.grants {
            let (from, to) = (effective_from(grant), expiry(grant));
            instants.insert(from);
            instants.extend(to);
            instants.extend(resets(grant).into_iter().filter(|at| *at > from && to.is_none_or(|to| *at < to)));
            if let Some(recurrence) = grant.get("recurrence") {
                boundaries_of(recurrence, from, to, &mut instants);
            }
        }
        for policy in &self.case.policies {
            let (from, to) = (effective_from(policy), effective_to(policy));
            instants.insert(from);
            instants.extend(to);
            if let Some(recharge) = policy.get("recharge") {
                boundaries_of(recharge, from, to, &mut instants);
            }
        }
        instants
    }

    fn sum(&self, grant: &str, what: What, counts: impl Fn(Micros) -> bool) -> Fraction {
        let moves = self.moves.iter().filter(|row| row.grant == grant && row.what == what && counts(row.at));
        moves.map(|row| row.amount.clone()).sum()
    }

    fn left(&self, grant: &str) -> Fraction {
        let sum = |what| self.sum(grant, what, |_| true);
        sum(What::Granted) - sum(What::Burned) - sum(What::Expired) - sum(What::Refunded)
    }

    fn write(&mut self, at: Micros, grant: &Value, what: What, amount: Fraction) {
        self.moves.push(Move { at, grant: text(grant, "id").to_owned(), what, amount });
    }

    /// Grants that hold credits, as opposed to rows that change others.
    fn holders(&self) -> Vec<Value> {
        self.case.grants.iter().filter(|row| row.get("of").is_none()).cloned().collect()
    }

    fn refilled(&self, grant: &Value, now: Micros) -> bool {
        if !live(grant, now) || now == effective_from(grant) {
            return false;
        }
        let recurs = |row: &Value| now <= self.case.recurring_until && Cadence::of_row(row).period_of(now).start == now;
        resets(grant).contains(&now) || grant.get("recurrence").is_some_and(recurs)
    }

    /// Everything but usage, in its order.
    fn happen(&mut self, now: Micros) {
        for grant in self.holders() {
            if expiry(&grant) == Some(now) {
                let left = self.left(text(&grant, "id"));
                self.write(now, &grant, What::Expired, left);
            }
        }
        for grant in self.holders() {
            if self.refilled(&grant, now) {
                let left = self.left(text(&grant, "id"));
                let kept = left.clone().min(grant.get("rollover").map_or_else(exact::zero, row_decimal));
                self.write(now, &grant, What::RolledOver, kept.clone());
                self.write(now, &grant, What::Expired, left - kept);
            }
        }
        for grant in self.holders() {
            if effective_from(&grant) == now || self.refilled(&grant, now) {
                self.write(now, &grant, What::Granted, row_decimal(&grant["amount"]));
            }
        }
        let mut changes: Vec<Value> = self.case.grants.iter().filter(|row| row.get("of").is_some()).cloned().collect();
        changes.retain(|row| effective_from(row) == now);
        changes.sort_by_key(|row| text(row, "id").to_owned());
        for change in changes {
            let Some(grant) = self.holders().into_iter().find(|row| row["id"] == change["of"]) else { continue };
            let (left, amount) = (self.left(text(&grant, "id")), row_decimal(&change["amount"]));
            if live(&grant, now) && change["kind"] == "refund" {
                self.write(now, &grant, What::Refunded, amount.min(left));
            } else if live(&grant, now) {
                self.write(now, &grant, What::Granted, exact::larger(amount, -left));
            }
        }
    }

    fn burn(&mut self, now: Micros, need: &Fraction) -> Vec<(String, Fraction)> {
        let keys: Vec<String> = match self.policy(now).and_then(|policy| policy.get("burn_order")) {
            Some(keys) => serde_json::from_value(keys.clone()).expect("a list of words"),
            None => ["priority", "expires_at", "kind", "effective_from"].map(str::to_owned).to_vec(),
        };
        let mut order: Vec<Value> = self.holders().into_iter().filter(|row| live(row, now)).collect();
        order.sort_by_key(|row| {
            let key = |key: &String| match key.as_str() {
                "priority" => row.get("priority").map_or(0, |priority| priority.as_i64().expect("a whole number")),
                "expires_at" => expiry(row).unwrap_or(i64::MAX),
                "kind" => i64::from(row["kind"] == "paid"),
                "effective_from" => effective_from(row),
                other => panic!("no such key: {other}"),
            };
            (keys.iter().map(key).collect::<Vec<i64>>(), text(row, "id").to_owned())
        });
        let mut rest = need.clone();
        let mut covered = Vec::new();
        for grant in order {
            let id = text(&grant, "id").to_owned();
            let mut amount = self.left(&id).min(rest.clone());
            if let Some(grain) = &self.case.grain {
                amount = (amount / grain).floor() * grain;
            }
            if amount.is_positive() {
                rest -= amount.clone();
                self.write(now, &grant, What::Burned, amount.clone());
                covered.push((id, amount));
            }
        }
        covered
    }

    fn policy(&self, now: Micros) -> Option<&Value> {
        let covering = self.case.policies.iter().filter(|row| covers(row, now));
        covering.max_by_key(|row| (effective_from(row), text(row, "id").to_owned()))
    }

    fn answer(&self, request: &str) -> Option<&Value> {
        let named = self.case.grants.iter().filter(|row| row.get("recharge_request").is_some_and(|id| id == request));
        named.min_by_key(|row| (effective_from(row), text(row, "id").to_owned()))
    }

    fn pending(&self, now: Micros) -> Fraction {
        let open = |request: &&CreditRequest| {
            now < request.lapses_at && self.answer(&request.id).is_none_or(|grant| now < effective_from(grant))
        };
        self.requests.iter().filter(open).map(|request| request.amount.clone()).sum()
    }

    /// The request that is made now, if any.
    fn ask(&mut self, now: Micros) -> Option<CreditRequest> {
        let policy = self.policy(now)?.clone();
        let recharge = policy.get("recharge")?;
        let id = text(&policy, "id").to_owned();
        let threshold = row_decimal(&recharge["threshold"]);
        let balance: Fraction = self.holders().iter().map(|grant| self.left(text(grant, "id"))).sum();
        let pending = self.pending(now);
        let expected = &balance + &pending;
        let enough = expected >= threshold;
        let seen = self.seen.entry(id.clone()).or_default();
        let since_request = seen.iter().rev().take_while(|seen| seen.is_some());
        let was_enough = !seen.contains(&None) || since_request.clone().any(|seen| *seen == Some(true));
        seen.push(Some(enough));
        if enough || !was_enough {
            return None;
        }
        let period_start = Cadence::of_row(recharge).period_of(now).start;
        let made: Vec<&CreditRequest> =
            self.requests.iter().filter(|made| made.policy == id && made.period_start == period_start).collect();
        let asked: Fraction = made.iter().map(|made| made.amount.clone()).sum();
        let number = made.len() + 1;
        let mut amount = match recharge.get("target") {
            Some(target) => row_decimal(target) - &expected,
            None => row_decimal(&recharge["amount"]),
        };
        if let Some(cap) = recharge.get("cap") {
            amount = amount.min(row_decimal(cap) - asked);
        }
        if !amount.is_positive() {
            return None;
        }
        let hours = recharge.get("pending_hours").map_or(72, |hours| hours.as_i64().expect("hours"));
        let name = format!("{id}/{}/{number}", civil::rfc3339(period_start));
        let request = CreditRequest {
            answered_by: self.answer(&name).map(|grant| text(grant, "id").to_owned()),
            id: name,
            at: now,
            amount,
            balance: balance.clone(),
            pending,
            policy: id.clone(),
            period_start,
            lapses_at: now + hours * crate::HOUR,
        };
        self.requests.push(request.clone());
        let enough_now = balance + self.pending(now) >= threshold;
        self.seen.entry(id).or_default().extend([None, Some(enough_now)]);
        Some(request)
    }

    fn entries(&self) -> BTreeMap<(Micros, String), CreditEntry> {
        let keys: BTreeSet<(Micros, String)> = self.moves.iter().map(|row| (row.at, row.grant.clone())).collect();
        let entry = |(at, grant): &(Micros, String)| {
            let then = |what| self.sum(grant, what, |when| when == *at);
            let up_to =
                |what, before: bool| self.sum(grant, what, |when| if before { when < *at } else { when <= *at });
            let left = |before| {
                up_to(What::Granted, before)
                    - up_to(What::Burned, before)
                    - up_to(What::Expired, before)
                    - up_to(What::Refunded, before)
            };
            CreditEntry {
                opening: left(true),
                granted: then(What::Granted),
                burned: then(What::Burned),
                expired: then(What::Expired),
                rolled_over: then(What::RolledOver),
                refunded: then(What::Refunded),
                closing: left(false),
            }
        };
        let says = |entry: &CreditEntry| {
            let amounts = [&entry.granted, &entry.burned, &entry.expired, &entry.rolled_over, &entry.refunded];
            amounts.iter().any(|amount| !amount.is_zero())
        };
        keys.into_iter().map(|key| (key.clone(), entry(&key))).filter(|(_, entry)| says(entry)).collect()
    }
}

/// When something happens to a grant inside a stretch of time: it begins, ends, is changed or given anew.
pub fn happenings(grant: &Value, start: Micros, end: Micros) -> Vec<Micros> {
    let (from, to) = (effective_from(grant), expiry(grant).unwrap_or(Micros::MAX));
    let mut instants = vec![from, to];
    instants.extend(resets(grant).into_iter().filter(|at| from < *at && *at < to));
    if let Some(recurrence) = grant.get("recurrence") {
        let cadence = Cadence::of_row(recurrence);
        let mut at = cadence.period_of(start.max(from)).start;
        while at < end.min(to) {
            instants.extend((at > from).then_some(at));
            at = cadence.period_of(at).end;
        }
    }
    instants.retain(|at| start < *at && *at < end);
    instants
}

/// What was left of each grant after everything up to and at an instant.
pub fn balances(expected: &CreditsExpected, at: Micros) -> BTreeMap<String, Fraction> {
    let mut last: Vec<(&(Micros, String), &CreditEntry)> =
        expected.entries.iter().filter(|((when, _), _)| *when <= at).collect();
    last.sort_by_key(|((when, _), _)| Reverse(*when));
    let mut balances = BTreeMap::new();
    for ((_, grant), entry) in last {
        balances.entry(grant.clone()).or_insert_with(|| entry.closing.clone());
    }
    balances
}

fn expiry(grant: &Value) -> Option<Micros> {
    let text = grant.get("expires_at")?.as_str()?;
    Some(civil::instant(text).unwrap_or_else(|| panic!("no instant: {text}")))
}

fn resets(grant: &Value) -> Vec<Micros> {
    let resets = grant.get("resets").and_then(Value::as_array);
    let instant = |reset: &Value| reset.as_str().and_then(civil::instant).expect("an instant");
    resets.map_or_else(Vec::new, |resets| resets.iter().map(instant).collect())
}

fn live(grant: &Value, now: Micros) -> bool {
    effective_from(grant) <= now && expiry(grant).is_none_or(|end| now < end)
}
