//! The level of an average day: several exponentially smoothed ones, weighed by how well each has forecast so far.
//!
//! Which one is right differs from customer to customer: one that drifts slowly for noisy usage, one that moves fast
//! for usage that moves, one with a damped trend for usage that grows (Gardner & McKenzie 1985). Their weights follow
//! from what each has missed of the two weeks after every earlier day, so none has to be chosen.

use crate::week::Week;

/// How fast each level follows; the last of them has a trend.
const SPEEDS: [f64; MEMBERS] = [0.02, 0.05, 0.12, 0.35, 0.12];
const MEMBERS: usize = 5;
const WITH_TREND: usize = 4;
const TREND_SPEED: f64 = 0.1;
/// What a trend keeps of itself from day to day.
pub const DAMPING: f64 = 0.98;
/// By how much a level must forecast better than the others to weigh as much: what is restless, and what extrapolates,
/// has to prove itself.
const HANDICAPS: [f64; MEMBERS] = [1.0, 1.0, 1.0, 1.1, 1.3];
/// Days before which there is no trend.
const TREND_FROM: usize = 14;

/// How far ahead misses are measured, in days: whole weeks, so that the weekly pattern has no part in them.
pub const MEASURED_DAYS: usize = 14;
/// Over how many days they are averaged.
const MISSES_KEPT: usize = 56;
/// As many misses are taken for granted as the average of all levels has.
const PRIOR_MISSES: f64 = 7.0;

/// A shift of the level: for a week every day was off to the same side by more than this many usual deviations.
const SHIFT_DEVIATIONS: f64 = 2.0;
const SHIFT_DAYS: usize = 7;

/// One odd day counts as so many usual deviations at the most: it says little about the days after it. A level that
/// has really moved is found within a week.
const OUTLIER_DEVIATIONS: f64 = 12.0;

/// The sum of a damped trend's steps over the days `1..=days` ahead.
pub fn trend_sum(days: usize) -> f64 {
    let (mut sum, mut step, mut reached) = (0.0, 1.0, 0.0);
    for _ in 0..days {
        step *= DAMPING;
        reached += step;
        sum += reached;
    }
    sum
}

/// What is expected of the days after some day: a level, and a trend that is damped.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outlook {
    pub level: f64,
    pub trend: f64,
}

/// What each level expected at some time.
pub type Snapshot = [Outlook; MEMBERS];

#[derive(Clone, Copy, Default)]
struct Member {
    level: f64,
    trend: f64,
}

/// All levels, taken from day to day.
#[derive(Clone)]
pub struct Levels {
    members: [Member; MEMBERS],
    /// Days since the start or the last shift.
    days: usize,
    deviation: f64,
    deviation_days: usize,
    /// The last days' totals, shares and deviations from what the second level expected.
    recent: [(f64, f64, f64); SHIFT_DAYS],
    seen: usize,
    misses: Misses,
}

impl Levels {
    pub fn new() -> Levels {
        Levels {
            members: [Member::default(); MEMBERS],
            days: 0,
            deviation: 0.0,
            deviation_days: 0,
            recent: [(0.0, 0.0, 0.0); SHIFT_DAYS],
            seen: 0,
            misses: Misses::new(),
        }
    }

    /// Takes a closed day in. `share` is its weekday's.
    pub fn close(&mut self, total: f64, share: f64) {
        let expected = self.members[1].level * share;
        let off = total - expected;
        let taken = self.bounded(total, expected);
        self.days += 1;
        for (index, member) in self.members.iter_mut().enumerate() {
            let has_trend = index == WITH_TREND && self.days >= TREND_FROM;
            let reached = if has_trend { member.level + member.trend * DAMPING } else { member.level };
            let gain = SPEEDS[index].max(1.0 / self.days as f64);
            // A weekday with a small share says little about the level, and one with none says nothing.
            let step = gain * (taken - reached * share) * share / (share * share).max(1.0);
            member.level = if self.days == 1 { total / share.max(0.3) } else { reached + step };
            if has_trend {
                member.trend = member.trend * DAMPING + TREND_SPEED.min(gain) * step;
            }
        }
        self.recent[self.seen % SHIFT_DAYS] = (total, share, off);
        self.seen += 1;
        if self.seen > 2 * SHIFT_DAYS {
            self.look_for_a_shift();
        }
        if self.seen > SHIFT_DAYS {
            self.deviation_days += 1;
            let bounded =
                if self.deviation_days > SHIFT_DAYS { off.abs().min(4.0 * self.deviation) } else { off.abs() };
            self.deviation += (bounded - self.deviation) * (1.0 / self.deviation_days as f64).max(0.04);
        }
    }

    /// Usage that never varied has no usual deviation: any other day is then taken as it is, or none could ever count.
    fn bounded(&self, total: f64, expected: f64) -> f64 {
        if self.deviation_days <= SHIFT_DAYS || self.deviation <= 0.0 {
            return total;
        }
        let bound = OUTLIER_DEVIATIONS * self.deviation;
        total.max(expected - bound).min(expected + bound)
    }

    /// Moves all levels to where usage has been for a week, if it has moved.
    fn look_for_a_shift(&mut self) {
        let bound = SHIFT_DEVIATIONS * self.deviation;
        let up = self.recent.iter().all(|(_, _, off)| *off > bound);
        let down = self.recent.iter().all(|(_, _, off)| *off < -bound);
        if bound <= 0.0 || !(up || down) {
            return;
        }
        let (total, share) = self.recent.iter().fold((0.0, 0.0), |(total, share), day| (total + day.0, share + day.1));
        if share > 0.0 {
            self.members = [Member { level: total / share, trend: 0.0 }; MEMBERS];
            self.days = SHIFT_DAYS;
            self.recent = [(0.0, 0.0, 0.0); SHIFT_DAYS];
        }
    }

    /// What each level expects now.
    pub fn snapshot(&self) -> Snapshot {
        self.members.map(|member| Outlook { level: member.level, trend: member.trend })
    }

    /// `missed`: the sum of the `MEASURED_DAYS` days after an earlier day, and what each level then expected.
    pub fn measure(&mut self, sum: f64, expected: &Snapshot, trend_sum: f64) {
        let miss = |outlook: &Outlook| (sum - outlook.level * MEASURED_DAYS as f64 - outlook.trend * trend_sum).abs();
        self.misses.learn(std::array::from_fn(|index| miss(&expected[index])));
    }

    /// What all levels together expect.
    pub fn outlook(&self) -> Outlook {
        let weights = self.misses.weights();
        let mut outlook = Outlook::default();
        for (member, weight) in self.members.iter().zip(weights) {
            outlook.level += weight * member.level;
            outlook.trend += weight * member.trend;
        }
        outlook
    }
}

/// What each level has missed of late.
#[derive(Clone)]
struct Misses {
    kept: [[f64; MEMBERS]; MISSES_KEPT],
    sums: [f64; MEMBERS],
    seen: usize,
}

impl Misses {
    fn new() -> Misses {
        Misses { kept: [[0.0; MEMBERS]; MISSES_KEPT], sums: [0.0; MEMBERS], seen: 0 }
    }

    fn learn(&mut self, missed: [f64; MEMBERS]) {
        let place = self.seen % MISSES_KEPT;
        self.seen += 1;
        let gone = std::mem::replace(&mut self.kept[place], missed);
        for (index, sum) in self.sums.iter_mut().enumerate() {
            *sum += missed[index] - gone[index];
        }
        if place + 1 == MISSES_KEPT {
            // Anew: what was added and taken away again leaves its rounding behind.
            self.sums = std::array::from_fn(|index| self.kept.iter().map(|missed| missed[index]).sum());
        }
    }

    /// Inverse to the eighth power of the misses: a level that misses by a tenth more weighs half as much.
    fn weights(&self) -> [f64; MEMBERS] {
        if self.seen == 0 {
            // Until there is evidence, those without handicap share equally.
            let plain = HANDICAPS.map(|handicap| if handicap > 1.0 { 0.0 } else { 1.0 });
            let sum: f64 = plain.iter().sum();
            return plain.map(|weight| weight / sum);
        }
        let count = self.seen.min(MISSES_KEPT) as f64;
        let means = self.sums.map(|sum| sum / count);
        let usual = means.iter().sum::<f64>() / MEMBERS as f64;
        let mut missed = [0.0; MEMBERS];
        for (index, mean) in means.iter().enumerate() {
            missed[index] = (mean * count + usual * PRIOR_MISSES) / (count + PRIOR_MISSES) * HANDICAPS[index];
        }
        let least = missed.iter().copied().fold(f64::MAX, f64::min);
        if least <= 0.0 {
            let perfect = missed.map(|missed| if missed <= 0.0 { 1.0 } else { 0.0 });
            let sum: f64 = perfect.iter().sum();
            return perfect.map(|weight| weight / sum);
        }
        let weights = missed.map(|missed| {
            let squared = (least / missed) * (least / missed);
            squared * squared * squared * squared
        });
        let sum: f64 = weights.iter().sum();
        weights.map(|weight| weight / sum)
    }
}

/// The shares of the days `first..first + days`, summed.
pub fn shares(week: &Week, first: usize, days: usize) -> f64 {
    let whole = (days / 7) as f64 * week.iter().sum::<f64>();
    whole + (0..days % 7).map(|day| week[(first + day) % 7]).sum::<f64>()
}
