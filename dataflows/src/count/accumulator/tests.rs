use super::*;
use proptest::prelude::*;

fn reading(value: i128, at: i64, id: &str) -> Reading<'_> {
    Reading { value, event_time: EventTime(at), source: "", id }
}

fn quantity_of<A: Accumulator>(values: &[(i128, i64, &str)]) -> Result<Quantity, Overflow> {
    let mut accumulator = A::default();
    values.iter().for_each(|(value, at, id)| accumulator.add(&reading(*value, *at, id)));
    accumulator.quantity()
}

#[test]
fn each_aggregation_says_what_its_name_says() {
    let one = Quantity::ONE.0;
    let values = [(3, 10, "a"), (-5, 30, "b"), (3, 20, "c"), (8, 30, "a")];
    assert_eq!(quantity_of::<Count>(&values), Ok(Quantity(4 * one)));
    assert_eq!(quantity_of::<Sum>(&values), Ok(Quantity(9)));
    assert_eq!(quantity_of::<Max>(&values), Ok(Quantity(8)));
    assert_eq!(quantity_of::<Min>(&values), Ok(Quantity(-5)));
    assert_eq!(quantity_of::<Latest>(&values), Ok(Quantity(-5)));
    assert_eq!(quantity_of::<Unique>(&values), Ok(Quantity(3 * one)));
    assert_eq!(quantity_of::<Average>(&values), Ok(Quantity(2)));
}

#[test]
fn an_average_is_rounded_half_away_from_zero() {
    for (values, average) in [
        (vec![1, 2], 2),
        (vec![-1, -2], -2),
        (vec![1, 1, 2], 1),
        (vec![-1, -1, -2], -1),
        (vec![1, 2, 2], 2),
        (vec![0, 0, 1], 0),
        (vec![-3, 2], -1),
        (vec![7], 7),
    ] {
        let values: Vec<_> = values.into_iter().map(|value| (value, 0, "")).collect();
        assert_eq!(quantity_of::<Average>(&values), Ok(Quantity(average)), "{values:?}");
    }
}

#[test]
fn a_sum_beyond_the_bound_is_an_overflow_and_mends() {
    let mut sum = Sum::default();
    let half = reading(5 * 10i128.pow(37), 0, "");
    sum.add(&half);
    assert_eq!(sum.quantity(), Ok(Quantity(half.value)));
    sum.add(&half);
    assert_eq!(sum.quantity(), Err(Overflow));
    sum.subtract(&half);
    assert_eq!(sum.quantity(), Ok(Quantity(half.value)));
}

#[test]
fn a_sum_that_would_wrap_stays_an_overflow() {
    for value in [i128::MAX, i128::MIN + 1] {
        let mut sum = Sum::default();
        sum.add(&reading(value, 0, ""));
        sum.add(&reading(value, 0, ""));
        sum.subtract(&reading(value, 0, ""));
        sum.subtract(&reading(value, 0, ""));
        assert_eq!((sum.events(), sum.quantity()), (0, Err(Overflow)));
    }
}

/// Whatever was added and taken out, in whatever order and parts, the rest counts as if it alone had come.
fn subtracting_undoes_adding<A: Accumulator>(events: &[(i64, i64, bool)]) {
    let ids: Vec<String> = (0..events.len()).map(|number| number.to_string()).collect();
    let (mut first, mut second, mut rest) = (A::default(), A::default(), A::default());
    for (number, (value, at, stays)) in events.iter().enumerate() {
        let reading = reading(i128::from(*value), *at, &ids[number]);
        if number % 2 == 0 { &mut first } else { &mut second }.add(&reading);
        if *stays {
            rest.add(&reading);
        }
    }
    first.merge(&second);
    for (number, (value, at, stays)) in events.iter().enumerate().rev() {
        if !stays {
            first.subtract(&reading(i128::from(*value), *at, &ids[number]));
        }
    }
    assert_eq!((first.events(), first.quantity()), (rest.events(), rest.quantity()));
}

proptest! {
    #[test]
    fn subtracting_undoes_adding_in_every_aggregation(
        events in prop::collection::vec((-20i64..20, 0i64..10, any::<bool>()), 0..40)
    ) {
        subtracting_undoes_adding::<Count>(&events);
        subtracting_undoes_adding::<Sum>(&events);
        subtracting_undoes_adding::<Max>(&events);
        subtracting_undoes_adding::<Min>(&events);
        subtracting_undoes_adding::<Latest>(&events);
        subtracting_undoes_adding::<Unique>(&events);
        subtracting_undoes_adding::<Average>(&events);
    }
}
