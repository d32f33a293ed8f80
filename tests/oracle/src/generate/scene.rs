//! When and where a case plays: around an instant at which clocks or calendars do something, in the zones that do it.

use super::dice::Dice;
use crate::civil::{self, Cadence, Micros};
use crate::{DAY, HOUR, MINUTE};
use serde_json::{Value, json};

pub struct Scene {
    pub center: Micros,
    zones: Vec<&'static str>,
    /// Instants at which something may change: events are put exactly there, and a microsecond before and after.
    pub edges: Vec<Micros>,
}

/// (an instant, the zones to which something happens there)
const HAPPENINGS: [(&str, &[&str]); 10] = [
    ("2026-11-01T06:00:00Z", &["America/New_York", "UTC", "Asia/Kathmandu"]),
    ("2018-11-04T03:00:00Z", &["America/Sao_Paulo"]),
    ("2018-02-18T02:00:00Z", &["America/Sao_Paulo"]),
    ("2026-10-03T15:30:00Z", &["Australia/Lord_Howe"]),
    ("2026-04-04T15:00:00Z", &["Australia/Lord_Howe"]),
    ("2011-12-30T10:00:00Z", &["Pacific/Apia"]),
    ("2024-02-29T12:00:00Z", &["UTC", "Asia/Kathmandu"]),
    ("2026-03-29T01:00:00Z", &["Europe/Vienna", "Europe/Lisbon"]),
    ("2026-01-31T00:00:00Z", &["UTC", "Asia/Kathmandu", "America/Sao_Paulo"]),
    ("2026-12-31T23:00:00Z", &["Europe/Vienna", "Pacific/Apia"]),
];
const ZONES: [&str; 8] = [
    "UTC",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Europe/Vienna",
    "America/New_York",
    "Asia/Tokyo",
];

/// How far from the scene's center rows change, and events happen: within a month, so that periods have several spans.
const REACH_DAYS: i64 = 20;

impl Scene {
    pub fn new(dice: &mut Dice) -> Scene {
        let (center, zones) = dice.pick(&HAPPENINGS);
        let center = civil::instant(center).expect("an instant");
        Scene { center, zones: zones.to_vec(), edges: vec![center] }
    }

    /// A whole minute within reach, half of the time one that is an edge already.
    pub fn edge(&mut self, dice: &mut Dice) -> Micros {
        if dice.percent(50) {
            return *dice.pick(&self.edges);
        }
        let unit = *dice.pick(&[DAY, DAY, HOUR, MINUTE]);
        let instant = self.center + dice.between(-REACH_DAYS * DAY / unit, REACH_DAYS * DAY / unit) * unit;
        self.edges.push(instant - instant.rem_euclid(MINUTE));
        instant - instant.rem_euclid(MINUTE)
    }

    /// The cadence fields of a subscription. The boundaries near the center become edges.
    pub fn cadence(&mut self, dice: &mut Dice) -> Value {
        let zone = if dice.percent(60) { *dice.pick(&self.zones) } else { *dice.pick(&ZONES) };
        // Often the very day on which the zone's clocks change, so that some boundary falls into what happens there.
        let near = match dice.percent(40) {
            true => civil::local_date(self.center + dice.between(-1, 0) * HOUR, zone),
            false => civil::local_date(self.center + dice.between(-70, 3) * DAY, zone),
        };
        let day = match dice.between(0, 4) {
            0 => "01".to_owned(),
            1 => (*dice.pick(&["28", "29", "30", "31"])).to_owned(),
            _ => near[8..10].to_owned(),
        };
        // 31 exists in January, March, May, July, August, October and December only.
        let month = if day.as_str() > "28" { *dice.pick(&["01", "03", "10", "12"]) } else { &near[5..7] };
        let time = dice
            .pick(&["00:00:00", "00:00:00", "00:00:00", "02:15:00", "01:30:00", "01:30:00", "00:30:00", "23:30:00"]);
        let interval = *dice.pick(&["month", "month", "month", "month", "day", "week", "quarter", "year"]);
        let cadence = json!({
            "anchor": format!("{}-{month}-{day}T{time}", &near[..4]),
            "interval": interval,
            "interval_count": if dice.percent(80) { 1 } else { dice.between(2, 5) },
            "time_zone": zone,
        });
        for distance in [0, -20 * DAY, 20 * DAY] {
            let period = Cadence::of_row(&cadence).period_of(self.center + distance);
            self.edges.extend([period.start, period.end]);
        }
        cadence
    }

    /// When an event happens: often exactly on an edge or a microsecond off it.
    pub fn event_instant(&self, dice: &mut Dice) -> Micros {
        let edge = *dice.pick(&self.edges);
        // Edges of long periods are years away; events stay near the center.
        let edge = if (edge - self.center).abs() < 2 * REACH_DAYS * DAY { edge } else { self.center };
        match dice.between(0, 9) {
            0 | 1 => edge,
            2 => edge - 1,
            3 => edge + 1,
            4 => edge - edge.rem_euclid(*dice.pick(&[MINUTE, HOUR, DAY])),
            5 | 6 => edge + dice.between(-3 * MINUTE, 3 * MINUTE),
            _ => self.center + dice.between(-REACH_DAYS * DAY, REACH_DAYS * DAY),
        }
    }
}
