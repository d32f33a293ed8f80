//! Requests as Stripe's API takes them, from `async-stripe`'s generated types.

use super::{Call, Method};
use highwater_settlement::intent::{Key, NewInvoice, NewLine, Request};
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use stripe_billing::InvoiceCollectionMethod;
use stripe_billing::invoice::{
    AddLinesInvoice, AddLinesInvoiceLines, CreateInvoice, CreateInvoicePendingInvoiceItemsBehavior, DeleteInvoice,
    FinalizeInvoiceInvoice, ListInvoice, Period, RetrieveInvoice, VoidInvoiceInvoice,
};
use stripe_billing::invoice_line_item::ListInvoiceInvoiceLineItem;
use stripe_client_core::{RequestBuilder, StripeMethod, StripeRequest};
use stripe_types::Currency;

/// Stripe gives at most this many objects a page.
const PAGE: i64 = 100;

/// The call that makes an intent's change. Voiding has two, see [`delete_draft`] and [`void`].
pub(super) fn change(request: &Request, key: &Key) -> Call {
    match request {
        Request::CreateInvoice(new) => changing("POST /v1/invoices", &create(new), key),
        Request::AddLines { invoice, lines } => {
            let lines: Vec<AddLinesInvoiceLines> = lines.iter().map(line).collect();
            changing("POST /v1/invoices/add_lines", &AddLinesInvoice::new(invoice.as_str(), lines), key)
        }
        Request::FinalizeInvoice { invoice } => {
            // From here on it is Stripe's to collect.
            let request = FinalizeInvoiceInvoice::new(invoice.as_str()).auto_advance(true);
            changing("POST /v1/invoices/finalize", &request, key)
        }
        Request::VoidInvoice { invoice } => void(invoice, key),
    }
}

pub(super) fn void(invoice: &str, key: &Key) -> Call {
    changing("POST /v1/invoices/void", &VoidInvoiceInvoice::new(invoice), key)
}

pub(super) fn delete_draft(invoice: &str) -> Call {
    call("DELETE /v1/invoices", DeleteInvoice::new(invoice).build(), None)
}

pub(super) fn retrieve(invoice: &str) -> Call {
    call("GET /v1/invoices/id", RetrieveInvoice::new(invoice).build(), None)
}

/// A page of a customer's invoices, newest first.
pub(super) fn invoices_of(customer: &str, after: Option<&str>) -> Call {
    let list = ListInvoice::new().customer(customer).limit(PAGE);
    let list = after.into_iter().fold(list, ListInvoice::starting_after);
    call("GET /v1/invoices", list.build(), None)
}

/// A page of an invoice's lines.
pub(super) fn lines_of(invoice: &str, after: Option<&str>) -> Call {
    let list = ListInvoiceInvoiceLineItem::new(invoice).limit(PAGE);
    let list = after.into_iter().fold(list, ListInvoiceInvoiceLineItem::starting_after);
    call("GET /v1/invoices/lines", list.build(), None)
}

fn create(new: &NewInvoice) -> CreateInvoice {
    let Ok(currency): Result<Currency, Infallible> = new.currency.parse();
    let request = CreateInvoice::new()
        .auto_advance(false)
        .pending_invoice_items_behavior(CreateInvoicePendingInvoiceItemsBehavior::Exclude)
        .customer(new.customer.as_str())
        .currency(currency)
        .description(new.description.as_str())
        .metadata(unordered(&new.metadata));
    let request = match new.tax_rates.as_slice() {
        [] => request,
        rates => request.default_tax_rates(rates.to_vec()),
    };
    match new.days_until_due {
        Some(days) => request.collection_method(InvoiceCollectionMethod::SendInvoice).days_until_due(days),
        None => request.collection_method(InvoiceCollectionMethod::ChargeAutomatically),
    }
}

fn line(new: &NewLine) -> AddLinesInvoiceLines {
    AddLinesInvoiceLines {
        amount: Some(new.amount),
        description: Some(new.description.clone()),
        period: Some(Period { start: new.period_start, end: new.period_end }),
        metadata: Some(unordered(&new.metadata)),
        ..AddLinesInvoiceLines::new()
    }
}

fn unordered(metadata: &BTreeMap<String, String>) -> HashMap<String, String> {
    metadata.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn changing(endpoint: &'static str, request: &impl StripeRequest, key: &Key) -> Call {
    call(endpoint, request.build(), Some(key.to_string()))
}

fn call(endpoint: &'static str, request: RequestBuilder, idempotency_key: Option<String>) -> Call {
    let method = match request.method {
        StripeMethod::Get => Method::Get,
        StripeMethod::Post => Method::Post,
        StripeMethod::Delete => Method::Delete,
    };
    let query = request.query.filter(|query| !query.is_empty()).map_or(String::new(), |query| format!("?{query}"));
    let form = request.body.map(|form| ordered(&form));
    Call { method, endpoint, path: format!("/v1{}{query}", request.path), form, idempotency_key }
}

/// The generated types keep metadata in a `HashMap`: without this, the same intent would be other bytes on every try.
/// Only neighbours of one `metadata` change places; Stripe numbers lines by their order.
fn ordered(form: &str) -> String {
    let map_of = |pair: &str| {
        let name = pair.split('=').next().unwrap_or_default();
        // `metadata[NAME]`, `lines[3][metadata][NAME]`, brackets encoded or not.
        name.find("metadata").map(|at| name[..at].to_owned())
    };
    let mut pairs: Vec<&str> = form.split('&').collect();
    for run in pairs.chunk_by_mut(|one, other| map_of(one).is_some() && map_of(one) == map_of(other)) {
        run.sort_unstable();
    }
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::{change, create, invoices_of};
    use highwater_settlement::intent::{Bill, Key, NewInvoice, NewLine, Operation, Request};
    use std::collections::BTreeMap;
    use stripe_client_core::StripeRequest;

    fn key() -> Key {
        let bill = Bill {
            organization_id: "acme".into(),
            period_start: highwater_rating::time::EventTime(0),
            currency: "USD".into(),
            revision: 1,
            reissue: 0,
        };
        Key::of("main", &bill, Operation::CreateInvoice)
    }

    fn decoded(form: &str) -> Vec<(String, String)> {
        form_urlencoded::parse(form.as_bytes()).into_owned().collect()
    }

    fn metadata(names: &[&str]) -> BTreeMap<String, String> {
        names.iter().map(|name| ((*name).to_owned(), format!("of {name} & more"))).collect()
    }

    #[test]
    fn a_request_says_what_the_intent_froze_in_the_same_bytes_on_every_try() {
        let names = ["a", "b", "c", "d", "e", "f"];
        let invoice = NewInvoice {
            customer: "cus_1".into(),
            currency: "eur".into(),
            description: "Usage".into(),
            days_until_due: Some(30),
            tax_rates: vec!["txr_1".into()],
            metadata: metadata(&names),
        };
        let line = |amount| NewLine {
            amount,
            description: "calls: 3 used".into(),
            period_start: 1,
            period_end: 2,
            metadata: metadata(&names),
        };
        let lines = Request::AddLines { invoice: "in_1".into(), lines: (0..12).map(line).collect() };
        for request in [Request::CreateInvoice(invoice), lines] {
            let first = change(&request, &key());
            assert!((0..32).all(|_| change(&request, &key()) == first), "{first:?}");
            assert_eq!(first.idempotency_key.as_deref(), Some(key().as_str()));
        }
    }

    #[test]
    fn a_draft_never_advances_by_itself_and_takes_no_pending_items() {
        let new = NewInvoice {
            customer: "cus_1".into(),
            currency: "jpy".into(),
            description: "Usage".into(),
            days_until_due: None,
            tax_rates: Vec::new(),
            metadata: metadata(&["a"]),
        };
        let form = decoded(&create(&new).build().body.unwrap());
        for (name, value) in [
            ("auto_advance", "false"),
            ("pending_invoice_items_behavior", "exclude"),
            ("collection_method", "charge_automatically"),
            ("currency", "jpy"),
            ("customer", "cus_1"),
            ("metadata[a]", "of a & more"),
        ] {
            assert!(form.contains(&(name.to_owned(), value.to_owned())), "{name} in {form:?}");
        }
        assert_eq!(
            invoices_of("cus_1", Some("in_9")).path,
            "/v1/invoices?customer=cus_1&limit=100&starting_after=in_9"
        );
    }

    #[test]
    fn lines_go_over_in_order_with_their_amount_period_and_names() {
        let line = |amount| NewLine {
            amount,
            description: "calls".into(),
            period_start: 5,
            period_end: 9,
            metadata: metadata(&["highwater_line"]),
        };
        let request = Request::AddLines { invoice: "in_1".into(), lines: (0..12).map(|at| line(at - 6)).collect() };
        let call = change(&request, &key());
        assert_eq!(call.path, "/v1/invoices/in_1/add_lines");
        let form = decoded(&call.form.unwrap());
        let amounts: Vec<&str> =
            form.iter().filter(|(name, _)| name.ends_with("[amount]")).map(|(_, value)| value.as_str()).collect();
        assert_eq!(amounts, ["-6", "-5", "-4", "-3", "-2", "-1", "0", "1", "2", "3", "4", "5"]);
        for (name, value) in [("lines[3][period][start]", "5"), ("lines[3][period][end]", "9")] {
            assert!(form.contains(&(name.to_owned(), value.to_owned())), "{name} in {form:?}");
        }
    }
}
