//! Peak and idle: what each of the 168 hours of a week brings on average. Exact, as sums are; no float is needed.

use highwater_rating::number::Quantity;
use serde::{Deserialize, Serialize};

pub const HOURS_A_WEEK: usize = 168;
/// How many closed days before the present one are looked at: eight weeks.
pub const DAYS_LOOKED_AT: i64 = 56;
/// An hour is idle below this part of the average hour.
const IDLE_PART: i128 = 10;

/// By hour of the week in UTC, Monday 00:00 first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HourOfWeek {
    /// Averages over the weeks that were looked at, rounded to the meter's digits.
    pub averages: Vec<Quantity>,
    /// The hour with the most usage, the first of several.
    pub peak: u8,
    /// The longest run of hours below a tenth of the average hour, around the end of the week if need be.
    pub idle_start: u8,
    pub idle_hours: u8,
}

/// Hours since 1970 to the hour of the week: that epoch began on a Thursday.
fn hour_of_week(number: i64) -> usize {
    (number + 3 * 24).rem_euclid(HOURS_A_WEEK as i64) as usize
}

impl HourOfWeek {
    /// `hours` are totals by hour number, in any order; those of closed days are used. `None` before a week is over.
    pub fn new(
        first_day: i64,
        today: i64,
        step: i128,
        hours: impl IntoIterator<Item = (i64, Quantity)>,
    ) -> Option<HourOfWeek> {
        let from = first_day.max(today - DAYS_LOOKED_AT);
        // Whole weeks, so that each hour was there equally often.
        let weeks = (today - from) / 7;
        if weeks < 1 {
            return None;
        }
        let (from, to) = ((today - weeks * 7) * 24, today * 24);
        let mut sums = [0i128; HOURS_A_WEEK];
        for (number, total) in hours {
            if (from..to).contains(&number) {
                let sum = &mut sums[hour_of_week(number)];
                *sum = sum.checked_add(total.0)?;
            }
        }
        let whole = sums.iter().try_fold(0i128, |whole, sum| whole.checked_add(*sum))?;
        let average = |sum: &i128| Quantity(round(*sum, i128::from(weeks), step));
        let peak = (0..HOURS_A_WEEK).rev().max_by_key(|hour| sums[*hour])?;
        let idle = |hour: usize| sums[hour % HOURS_A_WEEK].saturating_mul(IDLE_PART * HOURS_A_WEEK as i128) < whole;
        let (idle_start, idle_hours) = longest_run(idle);
        Some(HourOfWeek {
            averages: sums.iter().map(average).collect(),
            peak: peak as u8,
            idle_start: idle_start as u8,
            idle_hours: idle_hours as u8,
        })
    }
}

/// The nearest multiple of `step` to `sum / parts`, half away from zero.
fn round(sum: i128, parts: i128, step: i128) -> i128 {
    let unit = parts * step;
    let (whole, rest) = (sum / unit, sum % unit);
    let away = rest.abs() >= unit - rest.abs();
    (whole + if away { rest.signum() } else { 0 }) * step
}

/// Start and length of the longest run on the ring of hours, the earliest of several.
fn longest_run(is: impl Fn(usize) -> bool) -> (usize, usize) {
    let mut longest = (0, 0);
    for start in 0..HOURS_A_WEEK {
        if start > 0 && is(start - 1) {
            continue;
        }
        let length = (0..HOURS_A_WEEK).take_while(|hour| is(start + hour)).count();
        if length > longest.1 {
            longest = (start, length);
        }
    }
    longest
}
