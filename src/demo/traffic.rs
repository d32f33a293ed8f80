//! Plausible traffic: the shape of a day and of a week, customers of different size, and the faults of real senders.
//!
//! Deterministic from its seed. Owns what is sent; does not own how (`demo::send`).

use highwater_rating::time::EventTime;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::collections::VecDeque;

const MICROSECONDS_A_SECOND: i64 = 1_000_000;
const HOUR_US: i64 = 3_600 * MICROSECONDS_A_SECOND;
/// How many of the last events may be sent a second time.
const REMEMBERED: usize = 1_000;

/// One sender: an organization with its size and its habits.
#[derive(Clone, Debug)]
pub struct Customer {
    pub organization_id: String,
    /// Events in relation to the others.
    pub weight: u32,
    /// Hours that local time is ahead of UTC, for the shape of its day.
    pub hours_ahead: i64,
}

/// What a feature's events look like.
struct Habit {
    feature: &'static str,
    endpoint: &'static str,
    /// Of 1,000 events.
    share: u32,
    /// Quantities are drawn from 1 to this.
    quantity_max: u32,
    /// A level is set now and then rather than counted.
    level: bool,
}

const HABITS: &[Habit] = &[
    Habit { feature: "api_call", endpoint: "/api/data/query", share: 560, quantity_max: 900, level: false },
    Habit { feature: "realtime_api_call", endpoint: "/api/live", share: 90, quantity_max: 300, level: false },
    Habit { feature: "priority_api_call", endpoint: "/api/priority", share: 50, quantity_max: 120, level: false },
    Habit { feature: "ai_query", endpoint: "/api/ai/query", share: 140, quantity_max: 1, level: false },
    Habit { feature: "workflow_run", endpoint: "/api/workflows/run", share: 120, quantity_max: 1, level: false },
    Habit { feature: "users", endpoint: "/api/admin/users", share: 20, quantity_max: 18, level: true },
    Habit { feature: "connectors_enabled", endpoint: "/api/admin/connectors", share: 10, quantity_max: 4, level: true },
    Habit { feature: "staging_environments", endpoint: "/api/admin/staging", share: 10, quantity_max: 3, level: true },
];

pub struct Traffic {
    random: SmallRng,
    customers: Vec<Customer>,
    weight_total: u32,
    sent: VecDeque<String>,
    next_id: u64,
    /// Distinguishes the ids of this run from those of earlier ones.
    run: String,
}

impl Traffic {
    pub fn new(seed: u64, run: String, customers: Vec<Customer>) -> Traffic {
        let weight_total = customers.iter().map(|customer| customer.weight).sum::<u32>().max(1);
        let sent = VecDeque::with_capacity(REMEMBERED);
        Traffic { random: SmallRng::seed_from_u64(seed), customers, weight_total, sent, next_id: 0, run }
    }

    /// `count` events spread over `[from, to)`, busy hours busier, in order of time but for the late ones.
    pub fn between(&mut self, from: EventTime, to: EventTime, count: usize) -> Vec<String> {
        let width = (to.0 - from.0).max(1);
        let mut events = Vec::with_capacity(count);
        for nth in 0..count {
            let even = from.0 + (i128::from(width) * nth as i128 / count as i128) as i64;
            let customer = self.customer();
            let at = self.busy_moment(even, from.0, to.0, customer.hours_ahead);
            events.push(self.event(&customer, EventTime(at)));
        }
        events
    }

    fn customer(&mut self) -> Customer {
        let mut draw = self.random.random_range(0..self.weight_total);
        for customer in &self.customers {
            if draw < customer.weight {
                return customer.clone();
            }
            draw -= customer.weight;
        }
        self.customers[0].clone()
    }

    /// Keeps a moment with the probability of its hour, or draws another near it: nights and week-ends thin out.
    fn busy_moment(&mut self, even: i64, from: i64, to: i64, hours_ahead: i64) -> i64 {
        let mut at = even;
        for _ in 0..4 {
            let local_hours = at / HOUR_US + hours_ahead;
            let hour = local_hours.rem_euclid(24);
            // 1 January 1970 was a Thursday.
            let weekday = (local_hours.div_euclid(24) + 3).rem_euclid(7);
            let busy = match hour {
                9..=17 => 100,
                7 | 8 | 18..=21 => 55,
                _ => 15,
            } / if weekday >= 5 { 3 } else { 1 };
            if self.random.random_range(0..100) < busy {
                break;
            }
            at = (even + self.random.random_range(-6 * HOUR_US..=6 * HOUR_US)).clamp(from, to - 1);
        }
        at
    }

    fn event(&mut self, customer: &Customer, at: EventTime) -> String {
        match self.random.random_range(0..1_000) {
            // A sender that did not hear the answer sends again.
            0..10 if !self.sent.is_empty() => {
                let nth = self.random.random_range(0..self.sent.len());
                return self.sent[nth].clone();
            }
            // A sender with a mistake.
            10 => {
                return format!(
                    r#"{{"id":"{}-broken","organizationId":"{}","quantity":"1,5"}}"#,
                    self.run, customer.organization_id
                );
            }
            _ => {}
        }
        let mut draw = self.random.random_range(0..HABITS.iter().map(|habit| habit.share).sum());
        let mut habit = &HABITS[0];
        for candidate in HABITS {
            if draw < candidate.share {
                habit = candidate;
                break;
            }
            draw -= candidate.share;
        }
        let quantity = if habit.level {
            // A level stays near what the customer's size says.
            1 + (customer.weight * habit.quantity_max / 400).min(habit.quantity_max) + self.random.random_range(0..2)
        } else {
            self.random.random_range(1..=habit.quantity_max)
        };
        // Two of a hundred were held back on a phone or in a queue.
        let late_us = if self.random.random_range(0..100) < 2 { self.random.random_range(0..6 * HOUR_US) } else { 0 };
        let id = self.next_id;
        self.next_id += 1;
        let mut metadata = serde_json::json!({ "latency_ms": self.random.random_range(3..900) });
        if habit.feature == "workflow_run" {
            // What the meter `active_workflows` tells apart.
            metadata["workflow_id"] = format!("workflow-{}", self.random.random_range(1..=12)).into();
        }
        let event = serde_json::json!({
            "id": format!("{}-{id}", self.run),
            "organizationId": customer.organization_id,
            "feature": habit.feature,
            "timestamp": EventTime(at.0 - late_us).to_string(),
            "quantity": quantity,
            "endpoint": habit.endpoint,
            "metadata": metadata,
        })
        .to_string();
        if self.sent.len() == REMEMBERED {
            self.sent.pop_front();
        }
        self.sent.push_back(event.clone());
        event
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_dataflows::event::{DecodeSettings, Decoder};
    use highwater_dataflows::meters::MeterBook;
    use highwater_dataflows::names::Names;
    use highwater_rating::tables::Row;
    use std::sync::Arc;

    fn traffic() -> Traffic {
        let customer = |name: &str, weight| Customer { organization_id: name.into(), weight, hours_ahead: 0 };
        Traffic::new(7, "test".into(), vec![customer("large", 90), customer("small", 10)])
    }

    /// A few are wrong on purpose; the rest is what the example's meters ask for.
    #[test]
    fn the_example_catalog_takes_the_traffic() {
        let meters = crate::demo::catalog().into_iter().filter_map(|row| match row {
            Row::Meters(meter) => Some(meter),
            _ => None,
        });
        let meters = MeterBook::of(meters).unwrap();
        let mut decoder = Decoder::new(Arc::new(Names::default()), DecodeSettings::default());
        let events = traffic().between(EventTime(0), EventTime(24 * HOUR_US), 5_000);
        let refused = |event: &&String| decoder.check(event.as_bytes(), None, &meters).is_err();
        let refused = events.iter().filter(refused).count();
        assert!(refused * 50 < events.len(), "{refused} of {} are refused", events.len());
    }

    #[test]
    fn the_same_seed_gives_the_same_traffic() {
        let (from, to) = (EventTime(0), EventTime(7 * 24 * HOUR_US));
        assert_eq!(traffic().between(from, to, 500), traffic().between(from, to, 500));
    }

    #[test]
    fn days_are_busier_than_nights() {
        let (from, to) = (EventTime(0), EventTime(28 * 24 * HOUR_US));
        let hour_of = |event: &String| {
            let value: serde_json::Value = serde_json::from_str(event).unwrap();
            value["timestamp"].as_str().map(|text| text[11..13].parse::<u32>().unwrap())
        };
        let hours: Vec<u32> = traffic().between(from, to, 20_000).iter().filter_map(hour_of).collect();
        let day = hours.iter().filter(|hour| (9..=17).contains(*hour)).count();
        let night = hours.iter().filter(|hour| **hour < 6).count();
        assert!(day > 2 * night, "{day} by day, {night} by night");
    }
}
