//! How an instant is written: RFC 3339, read strictly and fast.
//!
//! Every event passes through [`EventTime::parse`], so the shape that nearly all of them have,
//! `YYYY-MM-DDTHH:MM:SS[.fraction]Z`, is read from its fixed places without a general parser.

use super::instant::{EventTime, SECOND, TimeError};

impl EventTime {
    /// Reads `YYYY-MM-DDTHH:MM:SS`, up to nine fractional digits, and `Z` or `±HH:MM`. The offset is required; there is
    /// no hour 24 and no second 60; `t` and `z` may be lower case (RFC 3339 §5.6). Digits after the sixth are dropped,
    /// so an instant is never moved into a later window.
    pub fn parse(text: &[u8]) -> Result<EventTime, TimeError> {
        let Some((fixed, rest)) = text.split_first_chunk::<19>() else { return Err(TimeError::NotADateTime) };
        let separated =
            fixed[4] == b'-' && fixed[7] == b'-' && fixed[10] | 0x20 == b't' && fixed[13] == b':' && fixed[16] == b':';
        if !separated {
            return Err(TimeError::NotADateTime);
        }
        let two = |at: usize| two_digits(fixed[at], fixed[at + 1]);
        let year = two(0)? * 100 + two(2)?;
        let (month, day) = (two(5)?, two(8)?);
        let (hour, minute, second) = (two(11)?, two(14)?, two(17)?);
        if month == 0 || month > 12 || day == 0 || day > days_in_month(year, month) {
            return Err(TimeError::NoSuchTime);
        }
        if hour > 23 || minute > 59 || second > 59 {
            return Err(TimeError::NoSuchTime);
        }
        let (microseconds, zone) = fraction(rest)?;
        let offset_seconds = offset(zone)?;
        let seconds = day_number(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset_seconds;
        EventTime(seconds * SECOND + microseconds).in_range()
    }
}

fn two_digits(tens: u8, ones: u8) -> Result<i64, TimeError> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    if tens > 9 || ones > 9 { Err(TimeError::NotADateTime) } else { Ok(i64::from(tens * 10 + ones)) }
}

/// The microseconds of an optional `.digits`, and what follows it.
fn fraction(rest: &[u8]) -> Result<(i64, &[u8]), TimeError> {
    let Some(digits) = rest.strip_prefix(b".") else { return Ok((0, rest)) };
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 || length > 9 {
        return Err(TimeError::NotADateTime);
    }
    let kept = length.min(6);
    let value = digits[..kept].iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
    Ok((value * 10i64.pow(6 - kept as u32), &digits[length..]))
}

/// Seconds east of UTC.
fn offset(zone: &[u8]) -> Result<i64, TimeError> {
    match *zone {
        [b'Z' | b'z'] => Ok(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (two_digits(h1, h2)?, two_digits(m1, m2)?);
            if hours > 23 || minutes > 59 {
                return Err(TimeError::NoSuchTime);
            }
            let seconds = hours * 3_600 + minutes * 60;
            Ok(if sign == b'-' { -seconds } else { seconds })
        }
        _ => Err(TimeError::NotADateTime),
    }
}

fn is_leap_year(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap_year(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, by years that begin in March so that the leap day comes
/// last: 306 days lie between 1 March of year 0 and 1 January of year 1.
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

impl std::fmt::Display for EventTime {
    /// RFC 3339 in UTC with as many fractional digits as needed. The open ends are written as `-inf` and `+inf`.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            EventTime::MIN => return formatter.write_str("-inf"),
            EventTime::MAX => return formatter.write_str("+inf"),
            _ => {}
        }
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(timestamp) => timestamp.fmt(formatter),
            // The last day of 9999, which a time zone might carry over the end of the calendar.
            Err(_) => self.last_day(formatter),
        }
    }
}

impl EventTime {
    fn last_day(self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let day_microseconds = 86_400 * SECOND;
        let days_left = (EventTime::LIMIT.0 - 1 - self.0).div_euclid(day_microseconds);
        if !(0..=30).contains(&days_left) {
            return write!(formatter, "{}us", self.0);
        }
        let of_day = self.0.rem_euclid(day_microseconds);
        let (seconds, microseconds) = (of_day / SECOND, of_day % SECOND);
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(formatter, "9999-12-{:02}T{hour:02}:{minute:02}:{second:02}", 31 - days_left)?;
        if microseconds != 0 {
            let digits = format!("{microseconds:06}");
            write!(formatter, ".{}", digits.trim_end_matches('0'))?;
        }
        formatter.write_str("Z")
    }
}
