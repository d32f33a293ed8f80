//! From events to invoices: what was final in ClickHouse is at Stripe to the cent, once, and what differs is told.

use crate::double::network::{Fault, Network};
use crate::double::server;
use crate::double::stripe::{Arrived, Stripe};
use crate::house::House;
use highwater::close::clock::SystemClock;
use highwater_rating::time::EventTime;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

const DAY: i64 = 86_400_000_000;
const KEY: &str = "sk_test_canary_51f0e2";

fn catalog(today: i64) -> Vec<Value> {
    let begun = EventTime(today - 10 * DAY).to_string();
    let meters = ["calls", "queries"]
        .map(|name| json!({"table": "meters", "row": {"name": name, "feature": name, "aggregation": "sum"}}));
    let charges = [
        json!({"meter": "calls", "model": "per_unit", "price": "0.37"}),
        json!({"meter": "queries", "model": "per_unit", "price": "0.0005"}),
    ];
    let plan = json!({"table": "plans", "row":
        {"plan": "daily", "currency": "EUR", "effective_from": begun, "grace_hours": 0, "charges": charges}});
    let subscription = |organization: &str| {
        json!({"table": "subscriptions", "row": {"id": organization, "organizationId": organization, "plan": "daily",
            "effective_from": begun, "anchor": &begun[..19], "interval": "day", "time_zone": "UTC"}})
    };
    let subscriptions = ["acme", "globex", "initech"].map(subscription);
    meters.into_iter().chain([plan]).chain(subscriptions).collect()
}

/// The double, on a runtime of its own for as long as the test lasts.
fn stripe() -> (Network<SystemClock>, String) {
    let network = Network::new(
        Stripe::with_customers(["cus_acme".to_owned(), "cus_globex".to_owned()]),
        SystemClock,
        |_: &Arrived| Fault::None,
    );
    let (shared, (address, addressed)) = (network.clone(), std::sync::mpsc::channel());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            address.send(server::serve(shared, KEY).await).expect("somebody waits");
            std::future::pending::<()>().await;
        });
    });
    (network, format!("http://{}", addressed.recv().expect("an address")))
}

struct Ran {
    code: i32,
    said: String,
}

fn close(house: &House, arguments: &[&str]) -> Ran {
    let config = house.path("close.toml").display().to_string();
    let output =
        house.command(&["close"]).args(arguments).args(["--config", &config]).output().expect("the program runs");
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(!said.contains(KEY), "the key is shown by {arguments:?}");
    Ran { code: output.status.code().expect("a code"), said }
}

#[test]
fn final_lines_become_invoices_once_and_to_the_cent() {
    let Some(house) = House::new() else { return };
    let (network, url) = stripe();
    let house = house.with_environment("STRIPE_API_KEY", KEY);
    std::fs::write(
        house.path("customers.ndjson"),
        "{\"organizationId\": \"acme\", \"customer\": \"cus_acme\"}\n\
         {\"organizationId\": \"globex\", \"customer\": \"cus_globex\", \"days_until_due\": 30}\n",
    )
    .expect("a file");
    let settings = format!(
        "[close]\ncustomers = \"{}\"\n[stripe]\nmode = \"test\"\napi_key = {{ env = \"STRIPE_API_KEY\" }}\nurl = \"{url}\"\n",
        house.path("customers.ndjson").display()
    );
    std::fs::write(house.path("close.toml"), settings).expect("a file");
    let plan = house.path("plan.json").display().to_string();

    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_micros() as i64;
    let closed_day = now - now % DAY - 2 * DAY;
    let process = house.start();
    house.wait_until_ready();
    house.publish(&catalog(now - now % DAY));
    let event = |organization: &str, meter: &str, number: i64, quantity: &str| {
        json!({"organizationId": organization, "id": format!("{organization}-{meter}-{number}"), "feature": meter,
            "timestamp": EventTime(closed_day + number * 1_000_000).to_string(), "quantity": quantity})
    };
    let mut events =
        vec![event("acme", "calls", 1, "7"), event("acme", "calls", 2, "2.5"), event("acme", "calls", 3, "7")];
    events.extend([
        event("acme", "queries", 4, "1999"),
        event("globex", "calls", 5, "100"),
        event("initech", "calls", 6, "1"),
    ]);
    let send = |events: &[Value]| {
        let lines: Vec<String> = events.iter().map(ToString::to_string).collect();
        let answer = house.post("/v1/events", "application/x-ndjson", lines.join("\n")).expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.body);
    };
    send(&events);
    let shown = |sql: &str| house.query(sql).unwrap_or_default();
    house.until("lines", || (shown("SELECT count() FROM highwater.rated_lines") == "4\n").then_some(()));
    send(&[
        json!({"organizationId": "acme", "id": "now", "feature": "calls", "timestamp": EventTime(now).to_string(), "quantity": "1"}),
    ]);
    house.until("close records", || (shown("SELECT count() FROM highwater.close_records") == "3\n").then_some(()));

    // First bills wait for a person, and one organization has no customer.
    let planned = close(&house, &["plan", "--out", &plan]);
    assert!(planned.code == 0 && planned.said.contains("TEST mode"), "{}", planned.said);
    let looked = close(&house, &["show", &plan, "--flagged"]);
    assert!(looked.said.contains("no_customer") && looked.said.contains("first_bill"), "{}", looked.said);
    let early = close(&house, &["apply", &plan]);
    assert!(early.code == 1 && early.said.contains("globex: not sent, flagged"), "{}", early.said);
    assert!(network.stripe().invoices.is_empty());
    let approved = close(&house, &["approve", &plan, "--all", "--by", "ana", "--reason", "looked at both"]);
    assert!(approved.code == 0 && approved.said.contains("2 invoices approved"), "{}", approved.said);
    let held = close(&house, &["hold", &plan, "--organization", "globex", "--by", "ana", "--reason", "asked"]);
    assert_eq!(held.code, 0, "{}", held.said);
    let applied = close(&house, &["apply", &plan]);
    assert!(
        applied.code == 1 && applied.said.contains("1 settled") && applied.said.contains("globex: not sent, held"),
        "{}",
        applied.said
    );
    assert_eq!(
        close(&house, &["release", &plan, "--organization", "globex", "--by", "ana", "--reason", "answered"]).code,
        0
    );
    let applied = close(&house, &["apply", &plan]);
    assert!(applied.said.contains("initech: not sent, blocked"), "{}", applied.said);

    // 16.5 x 0.37 and 1999 x 0.0005, and 100 x 0.37: by hand.
    let amounts = |customer: &str| -> Vec<i64> {
        let stripe = network.stripe();
        let invoices: Vec<_> = stripe.invoices.iter().filter(|invoice| invoice.customer == customer).collect();
        assert_eq!(invoices.len(), 1, "{customer}");
        assert_eq!((invoices[0].status, invoices[0].currency.as_str()), ("open", "eur"));
        invoices[0].lines.iter().map(|line| line.amount).collect()
    };
    assert_eq!((amounts("cus_acme"), amounts("cus_globex")), (vec![611, 100], vec![3_700]));
    assert_eq!(network.stripe().invoices[1].days_until_due, Some(30));
    let ours: BTreeMap<String, i64> = shown(
        "SELECT line_id, amount_minor_units FROM highwater.final_lines WHERE organization_id != 'initech' FORMAT TSV",
    )
    .lines()
    .map(|line| line.split_once('\t').expect("two columns"))
    .map(|(id, amount)| (id.to_owned(), amount.parse().expect("a number")))
    .collect();
    let theirs: BTreeMap<String, i64> = {
        let stripe = network.stripe();
        let lines = stripe.invoices.iter().flat_map(|invoice| &invoice.lines);
        lines.map(|line| (line.metadata["highwater_line"].clone(), line.amount)).collect()
    };
    assert_eq!(ours, theirs);

    // A second time nothing happens, and nothing is left to plan but what is blocked.
    close(&house, &["apply", &plan]);
    assert_eq!(close(&house, &["resume"]).code, 0);
    assert_eq!(network.stripe().invoices.len(), 2);
    let again = close(&house, &["plan"]);
    assert!(again.said.contains("blocked") && !again.said.contains("settled"), "{}", again.said);
    assert_eq!(close(&house, &["verify"]).code, 0);
    let status = close(&house, &["status"]);
    assert!(status.code == 0 && status.said.contains("2 settled"), "{}", status.said);
    let ledger = "SELECT event, count() FROM highwater.billing_ledger WHERE event NOT IN ('intent') GROUP BY event ORDER BY event FORMAT TSV";
    assert_eq!(shown(ledger), "approved\t2\nheld\t1\nreleased\t1\nsettled\t2\n");
    let intents = "SELECT operation, countIf(state = 'succeeded') FROM highwater.billing_ledger WHERE event = 'intent' GROUP BY operation ORDER BY operation FORMAT TSV";
    assert_eq!(shown(intents), "add_lines\t2\ncreate_invoice\t2\nfinalize_invoice\t2\n");

    // Somebody changes a line at Stripe.
    network.stripe().invoices[0].lines[0].amount += 1;
    let differs = close(&house, &["verify"]);
    assert!(
        differs.code == 1 && differs.said.contains("amount") && differs.said.contains("6.12 EUR"),
        "{}",
        differs.said
    );
    assert_eq!(
        shown("SELECT ours, theirs FROM highwater.billing_ledger WHERE event = 'drifted' FORMAT TSV"),
        "611\t612\n"
    );

    // It is undone, billed anew once somebody looked, and all of it is in the evidence.
    let by = ["--by", "ana", "--reason", "changed by hand"];
    let day = &EventTime(closed_day).to_string()[..10];
    let voided = close(&house, &[&["void", "--organization", "acme", "--period-start", day], &by[..]].concat());
    assert!(voided.code == 0 && network.stripe().invoices[0].status == "void", "{}", voided.said);
    let planned = close(&house, &["plan", "--organization", "acme", "--out", &plan]);
    assert!(planned.said.contains("changed"), "{}", planned.said);
    assert_eq!(close(&house, &[&["approve", &plan, "--all"], &by[..]].concat()).code, 0);
    let applied = close(&house, &["apply", &plan]);
    assert!(applied.code == 0 && applied.said.contains("1 settled"), "{}", applied.said);
    {
        let stripe = network.stripe();
        let lines: Vec<i64> = stripe.invoices[2].lines.iter().map(|line| line.amount).collect();
        assert_eq!((stripe.invoices.len(), stripe.invoices[2].status, lines), (3, "open", vec![611, 100]));
    }
    let unknown = close(&house, &[&["resolve", "hw_none", "--not-done"], &by[..]].concat());
    assert!(unknown.code == 1 && unknown.said.contains("there is no intent hw_none"), "{}", unknown.said);
    let evidence = house.path("evidence");
    assert_eq!(close(&house, &["report", "--out", &evidence.display().to_string()]).code, 0);
    let rows = |file: &str| {
        let text = std::fs::read_to_string(evidence.join(file)).expect("a file");
        text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!((rows("invoices.csv").len(), rows("lines.csv").len(), rows("decisions.csv").len()), (3, 5, 6));
    let invoices = rows("invoices.csv");
    assert!(
        invoices.iter().any(|row| row.contains(",0,cus_acme,") && row.contains(",false,true,2,711,")),
        "{invoices:?}"
    );
    assert!(
        invoices.iter().any(|row| row.contains(",1,cus_acme,in_") && row.contains(",true,false,2,711,")),
        "{invoices:?}"
    );
    assert_eq!(rows("reconciliation.csv").iter().filter(|row| row.contains(",drifted,")).count(), 1);

    // S-11
    let live = close(&house, &["apply", &plan, "--set", "stripe.mode=live"]);
    assert!(live.code == 78 && live.said.contains("is a test-mode key"), "{}: {}", live.code, live.said);
    let refused =
        house.command(&["run", "--set", "stripe.mode=live"]).args(["--config"]).arg(house.path("close.toml")).output();
    assert_eq!(refused.expect("the program runs").status.code(), Some(78));
    drop(process);
}
