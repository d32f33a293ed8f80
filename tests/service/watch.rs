//! An analyst who looks all the time.

use crate::house::{self, House};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ends the reader when the writing ends, however it ends.
pub struct Ends<'a>(pub &'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Reads the hours again and again; none of those that only grow may ever be less, or gone. Says how often it read.
pub fn quantities(house: &House, done: &AtomicBool) -> usize {
    let sql = "
        SELECT organization_id, meter, toString(window_start), toInt64(sum(quantity) * 1000000000)
        FROM highwater.usage_hour WHERE startsWith(organization_id, 'steady') AND meter IN ('api_calls', 'queries')
        GROUP BY 1, 2, 3 FORMAT TSV";
    let mut seen: HashMap<String, i64> = HashMap::new();
    let mut times = 0;
    while !done.load(Ordering::SeqCst) {
        // The engine is to have time for others too.
        house::pause();
        let Ok(answer) = house.query(sql) else { continue };
        let shown: HashMap<String, i64> = answer
            .lines()
            .filter_map(|line| line.rsplit_once('\t'))
            .map(|(key, quantity)| (key.to_owned(), quantity.parse().expect("a whole number")))
            .collect();
        for (key, quantity) in &seen {
            assert!(shown.get(key).is_some_and(|now| now >= quantity), "{key}: {quantity}, then {:?}", shown.get(key));
        }
        times += usize::from(!shown.is_empty());
        seen = shown;
    }
    times
}
