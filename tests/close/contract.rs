//! Every request that the close can make is one that Stripe's published API takes: asked of Stripe's own validating mock.
//! And what the double answers has the names and types that Stripe's answers have.

use super::bills::{customer, undertaking};
use super::double::stripe::{Arrived, Stripe as Double};
use highwater::close::stripe::{Answer, ApiKey, Call, Https, Method, Rates, Stripe, Transport};
use highwater_settlement::intent::{Intent, Operation, Request};
use highwater_settlement::outcome::{Looked, Outcome};
use highwater_settlement::plan::Mode;
use highwater_settlement::policy::Policy;
use highwater_settlement::state::State;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// The mock as a process, which ends with this value.
struct Mock {
    process: Child,
    port: u16,
    /// Open as long as the mock may write to it.
    _said: BufReader<ChildStdout>,
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Installed if need be; `None`, and a line that says so, where this machine cannot have it.
fn program() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = root.join(".parts/stripe-mock/stripe-mock");
    let installed = Command::new(root.join("tests/parts/install-stripe-mock")).status();
    if program.exists() {
        return Some(program);
    }
    eprintln!("skipped: this machine cannot install Stripe's mock ({installed:?})");
    None
}

/// On ports of its own: two mocks run side by side.
fn mock() -> Option<Mock> {
    let mut command = Command::new(program()?);
    command.args(["-http-addr", "127.0.0.1:0", "-https-addr", "127.0.0.1:0"]);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the mock starts");
    let mut said = BufReader::new(process.stdout.take().expect("its output"));
    let listens = said.by_ref().lines().map_while(Result::ok).find_map(|line| {
        line.strip_prefix("Listening for HTTP at address: 127.0.0.1:").and_then(|port| port.trim().parse().ok())
    });
    let port = listens.expect("the mock says where it listens");
    Some(Mock { process, port, _said: said })
}

impl Mock {
    fn https(&self) -> Https {
        let key = ApiKey::new("sk_test_contract", Mode::Test).expect("a key");
        Https::new(&format!("http://127.0.0.1:{}", self.port), &key, Duration::from_secs(20)).expect("a client")
    }
}

fn intent(operation: Operation, request: Request) -> Intent {
    let invoice = undertaking("acme", &[500], &Policy::default()).invoice;
    Intent {
        key: invoice.key("main", operation),
        bill: invoice.bill.clone(),
        operation,
        content: invoice.content.clone(),
        request,
        approved_at: super::bills::START,
        state: State::Planned,
    }
}

#[tokio::test]
async fn every_request_is_one_that_stripe_takes_and_a_broken_one_is_refused() {
    let Some(mock) = mock() else { return };
    let rate = NonZeroU32::new(1_000).unwrap();
    let stripe = Stripe::new(mock.https(), Rates { account: rate, endpoint: rate });
    let invoice = undertaking("acme", &[500, -20, 0], &Policy::default()).invoice;
    let with_terms = Policy { days_until_due: Some(30), tax_rates: vec!["txr_1".into()], ..Policy::default() };
    let mut sent_invoice = undertaking("acme", &[1; 100], &with_terms).invoice;
    sent_invoice.customer.days_until_due = Some(30);
    let id = || "in_1".to_owned();
    for (operation, request) in [
        (Operation::CreateInvoice, invoice.create_request("main")),
        (Operation::CreateInvoice, sent_invoice.create_request("main")),
        (Operation::AddLines(0), invoice.lines_request("main", 0, "in_1")),
        (Operation::AddLines(0), sent_invoice.lines_request("main", 0, "in_1")),
        (Operation::FinalizeInvoice, Request::FinalizeInvoice { invoice: id() }),
        (Operation::VoidInvoice, Request::VoidInvoice { invoice: id() }),
    ] {
        let outcome = stripe.send(&intent(operation, request.clone())).await;
        assert!(matches!(outcome, Outcome::Succeeded { .. }), "{operation:?}: {outcome:?}");
        let looked = stripe.look(&intent(operation, request)).await;
        assert!(!matches!(looked, Looked::Failed { .. }), "looking for {operation:?}: {looked:?}");
    }
    stripe.whole_invoice("in_1").await.expect("an invoice with its lines");

    let exchange = |path: &str, form: &str| {
        let (https, path, form) = (mock.https(), path.to_owned(), form.to_owned());
        async move {
            let call =
                Call { method: Method::Post, endpoint: "x", path, form: Some(form), idempotency_key: Some("k".into()) };
            https.exchange(&call).await.expect("an answer")
        }
    };
    assert_eq!(exchange("/v1/invoices/in_1/void", "").await.status, 200);
    for (path, form) in [
        ("/v1/invoices", "customer=cus_1&auto_advanced=false"),
        ("/v1/invoices", "customer=cus_1&auto_advance=perhaps"),
        ("/v1/invoices/in_1/add_lines", "lines[0][amount]=much"),
        ("/v1/invoices/in_1/add_lines", ""),
    ] {
        let Answer { status, body, .. } = exchange(path, form).await;
        assert_eq!(status, 400, "{path} {form}: {}", String::from_utf8_lossy(&body));
    }
}

#[tokio::test]
async fn what_the_double_answers_has_the_names_and_types_of_stripes_answers() {
    let Some(mock) = mock() else { return };
    let mut double = Double::with_customers([customer("acme")]);
    let request = |method, path: &str, form: &[(&str, &str)]| Arrived {
        method,
        path: path.into(),
        query: Vec::new(),
        form: form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        key: None,
    };
    let create = [
        ("customer", "cus_acme"),
        ("currency", "usd"),
        ("auto_advance", "false"),
        ("collection_method", "charge_automatically"),
    ];
    let made = double.execute(super::bills::START, &request("POST", "/v1/invoices", &create));
    let made: Value = serde_json::from_str(&made.body).expect("JSON");
    let id = made["id"].as_str().expect("an id").to_owned();
    let line = [
        ("lines[0][amount]", "5"),
        ("lines[0][description]", "x"),
        ("lines[0][period][start]", "1"),
        ("lines[0][period][end]", "2"),
    ];
    double.execute(super::bills::START, &request("POST", &format!("/v1/invoices/{id}/add_lines"), &line));
    for action in ["", "/lines"] {
        let ours = double.execute(super::bills::START, &request("GET", &format!("/v1/invoices/{id}{action}"), &[]));
        let ours: Value = serde_json::from_str(&ours.body).expect("JSON");
        let call = Call {
            method: Method::Get,
            endpoint: "x",
            path: format!("/v1/invoices/{id}{action}"),
            form: None,
            idempotency_key: None,
        };
        let theirs = mock.https().exchange(&call).await.expect("an answer");
        let theirs: Value = serde_json::from_slice(&theirs.body).expect("JSON");
        same_shape(&format!("GET invoice{action}"), &ours, &theirs);
    }
}

/// Every name of ours is theirs, with a value of the same kind; nothing is said of a null.
fn same_shape(place: &str, ours: &Value, theirs: &Value) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) if place.ends_with("metadata") => {
            assert!(ours.values().chain(theirs.values()).all(Value::is_string), "{place}");
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            for (name, value) in ours {
                let found = theirs.get(name).unwrap_or_else(|| panic!("{place}.{name} is not Stripe's"));
                same_shape(&format!("{place}.{name}"), value, found);
            }
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            if let (Some(one), Some(other)) = (ours.first(), theirs.first()) {
                same_shape(&format!("{place}[]"), one, other);
            }
        }
        (_, Value::Null) | (Value::Null, _) => {}
        _ => assert_eq!(std::mem::discriminant(ours), std::mem::discriminant(theirs), "{place}: {ours} and {theirs}"),
    }
}
