//! A 128-bit number in two halves: an `i128` field would align its struct to 16 bytes, and cost every window and span
//! eight bytes of padding.

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wide {
    high: i64,
    low: u64,
}

impl From<i128> for Wide {
    #[inline]
    fn from(number: i128) -> Wide {
        Wide { high: (number >> 64) as i64, low: number as u64 }
    }
}

impl From<Wide> for i128 {
    #[inline]
    fn from(wide: Wide) -> i128 {
        (i128::from(wide.high) << 64) | i128::from(wide.low)
    }
}
