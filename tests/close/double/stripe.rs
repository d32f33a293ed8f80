//! Invoices and idempotency as Stripe documents them (<https://docs.stripe.com/api/idempotent_requests>,
//! <https://docs.stripe.com/api/invoices>): strict about parameters, so that a request that Stripe would refuse is
//! refused here too.

use highwater_settlement::moment::{Moment, Span};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const KEY_LIFE: Span = Span::hours(24);
const LINES_MAX: usize = 250;
const PAGE_MAX: usize = 100;

/// A request as it arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    pub method: &'static str,
    /// Without the query.
    pub path: String,
    pub query: Vec<(String, String)>,
    pub form: Vec<(String, String)>,
    pub key: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub retry_after_s: Option<u32>,
    pub body: String,
}

impl Reply {
    pub fn ok(body: &Value) -> Reply {
        Reply { status: 200, retry_after_s: None, body: body.to_string() }
    }

    pub fn error(status: u16, kind: &str, code: &str, message: &str) -> Reply {
        let body = json!({ "error": { "type": kind, "code": code, "message": message } });
        Reply { status, retry_after_s: None, body: body.to_string() }
    }

    fn invalid(code: &str, message: &str) -> Reply {
        Reply::error(400, "invalid_request_error", code, message)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    pub id: String,
    pub customer: String,
    pub currency: String,
    pub status: &'static str,
    pub description: String,
    pub metadata: BTreeMap<String, String>,
    pub lines: Vec<Line>,
    pub collection_method: String,
    pub days_until_due: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub id: String,
    pub amount: i64,
    pub description: String,
    pub period: (i64, i64),
    pub metadata: BTreeMap<String, String>,
}

struct Stored {
    at: Moment,
    request: (String, Vec<(String, String)>),
    /// Nothing while it is being executed.
    reply: Option<Reply>,
}

#[derive(Default)]
pub struct Stripe {
    pub customers: BTreeSet<String>,
    /// In the order of their creation.
    pub invoices: Vec<Invoice>,
    /// Every change is refused with 403.
    pub is_restricted: bool,
    keys: BTreeMap<String, Stored>,
    ids: u64,
    places: BTreeMap<String, usize>,
    of_customers: BTreeMap<String, Vec<usize>>,
}

impl Stripe {
    pub fn with_customers(customers: impl IntoIterator<Item = String>) -> Stripe {
        Stripe { customers: customers.into_iter().collect(), ..Stripe::default() }
    }

    /// The whole of a request at one instant.
    pub fn execute(&mut self, now: Moment, request: &Arrived) -> Reply {
        match self.begin(now, request) {
            Ok(()) => self.end(request, false),
            Err(reply) => reply,
        }
    }

    /// As far as where execution begins: limits, credentials and parameters are asked before, and are not kept.
    pub fn begin(&mut self, now: Moment, request: &Arrived) -> Result<(), Reply> {
        let Some(key) = request.key.as_ref().filter(|_| request.method == "POST") else { return Ok(()) };
        let content = (request.path.clone(), sorted(&request.form));
        match self.keys.get(key).filter(|stored| now.since(stored.at).0 < KEY_LIFE.0) {
            Some(stored) if stored.request != content => {
                let message = "Keys for idempotent requests can only be used with the same parameters";
                return Err(Reply::error(400, "idempotency_error", "", message));
            }
            Some(Stored { reply: Some(reply), .. }) => return Err(reply.clone()),
            Some(_) => {
                let message = "There is currently another in-progress request using this Idempotent Key";
                return Err(Reply::error(409, "idempotency_error", "idempotency_key_in_use", message));
            }
            None => {}
        }
        self.validate(request)?;
        self.keys.insert(key.clone(), Stored { at: now, request: content, reply: None });
        Ok(())
    }

    /// Executes what was begun, and keeps the answer: the server error too, which may hide that all was done.
    pub fn end(&mut self, request: &Arrived, with_error: bool) -> Reply {
        let done = self.perform(request);
        let error = || Reply::error(500, "api_error", "", "An unexpected error");
        let reply = if with_error { error() } else { done };
        self.keep(request, &reply);
        reply
    }

    /// Begun, and nothing of it done; the server error is kept.
    pub fn fail(&mut self, request: &Arrived) -> Reply {
        let reply = Reply::error(500, "api_error", "", "An unexpected error");
        self.keep(request, &reply);
        reply
    }

    fn keep(&mut self, request: &Arrived, reply: &Reply) {
        if let Some(stored) = request.key.as_ref().and_then(|key| self.keys.get_mut(key)) {
            stored.reply = Some(reply.clone());
        }
    }

    pub fn invoice_mut(&mut self, id: &str) -> Option<&mut Invoice> {
        let place = *self.places.get(id)?;
        self.invoices.get_mut(place).filter(|invoice| invoice.status != "deleted")
    }

    fn validate(&self, request: &Arrived) -> Result<(), Reply> {
        let known: &[&str] = match route(&request.path) {
            ("", "") => &[
                "auto_advance",
                "pending_invoice_items_behavior",
                "customer",
                "currency",
                "description",
                "collection_method",
                "days_until_due",
                "metadata",
                "default_tax_rates",
            ],
            (_, "add_lines") => &["lines"],
            (_, "finalize") => &["auto_advance"],
            (_, "void") => &[],
            _ => return Err(not_found("no such URL")),
        };
        for (name, _) in &request.form {
            let first = name.split('[').next().unwrap_or_default();
            if !known.contains(&first) {
                return Err(Reply::invalid("parameter_unknown", &format!("Received unknown parameter: {name}")));
            }
        }
        Ok(())
    }

    fn perform(&mut self, request: &Arrived) -> Reply {
        let (id, action) = route(&request.path);
        let (id, action) = (id.to_owned(), action.to_owned());
        if self.is_restricted && request.method != "GET" {
            return Reply::error(403, "invalid_request_error", "account_invalid", "The account is restricted");
        }
        match (request.method, id.as_str(), action.as_str()) {
            ("POST", "", "") => self.create(&request.form),
            ("GET", "", "") => self.list(&request.query),
            ("GET", id, "") => match self.invoice_mut(id) {
                Some(invoice) => Reply::ok(&shown(invoice)),
                None => not_found("No such invoice"),
            },
            ("DELETE", id, "") => match self.invoice_mut(id) {
                Some(invoice) if invoice.status == "draft" => {
                    invoice.status = "deleted";
                    Reply::ok(&json!({ "id": id, "object": "invoice", "deleted": true }))
                }
                Some(_) => Reply::invalid("", "You can only delete draft invoices"),
                None => not_found("No such invoice"),
            },
            ("GET", id, "lines") => match self.invoice_mut(id) {
                Some(invoice) => page(&invoice.lines, &request.query, |line| &line.id, shown_line(&invoice.currency)),
                None => not_found("No such invoice"),
            },
            ("POST", id, "add_lines") => self.add_lines(id, &request.form),
            ("POST", id, "finalize") => self.change(id, "draft", |total| if total > 0 { "open" } else { "paid" }),
            ("POST", id, "void") => self.change(id, "open", |_| "void"),
            _ => not_found("Unrecognized request URL"),
        }
    }

    fn create(&mut self, form: &[(String, String)]) -> Reply {
        let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let Some(customer) = field("customer") else { return Reply::invalid("parameter_missing", "customer") };
        if !self.customers.contains(&customer) {
            return Reply::invalid("resource_missing", &format!("No such customer: '{customer}'"));
        }
        let currency = field("currency").unwrap_or_else(|| "usd".into());
        if field("auto_advance").as_deref() != Some("false") {
            return Reply::invalid("", "the double takes drafts only");
        }
        let (method, days) = (field("collection_method").unwrap_or_default(), field("days_until_due"));
        if (method == "send_invoice") != days.is_some() {
            return Reply::invalid("", "days_until_due goes with collection_method=send_invoice, and only with it");
        }
        let metadata = map(form, "metadata");
        if let Some(reply) = wrong_metadata(&metadata) {
            return reply;
        }
        self.ids += 1;
        let invoice = Invoice {
            id: format!("in_{:06}", self.ids),
            customer,
            currency,
            status: "draft",
            description: field("description").unwrap_or_default(),
            metadata,
            lines: Vec::new(),
            collection_method: method,
            days_until_due: days.and_then(|days| days.parse().ok()),
        };
        let (reply, place) = (Reply::ok(&shown(&invoice)), self.invoices.len());
        self.places.insert(invoice.id.clone(), place);
        self.of_customers.entry(invoice.customer.clone()).or_default().push(place);
        self.invoices.push(invoice);
        reply
    }

    fn add_lines(&mut self, id: &str, form: &[(String, String)]) -> Reply {
        let mut lines = Vec::new();
        let fields: BTreeMap<&str, &str> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        for at in 0.. {
            let field = |name: &str| fields.get(format!("lines[{at}]{name}").as_str()).copied();
            let Some(amount) = field("[amount]") else { break };
            let number = |name| field(name).and_then(|text| text.parse::<i64>().ok());
            let (Ok(amount), Some(start), Some(end)) =
                (amount.parse::<i64>(), number("[period][start]"), number("[period][end]"))
            else {
                return Reply::invalid("parameter_invalid_integer", "Invalid integer");
            };
            if end < start {
                return Reply::invalid("", "The end of the period is before its start");
            }
            let metadata = map(form, &format!("lines[{at}][metadata]"));
            if let Some(reply) = wrong_metadata(&metadata) {
                return reply;
            }
            self.ids += 1;
            let description = field("[description]").unwrap_or_default().to_owned();
            lines.push(Line { id: format!("il_{:06}", self.ids), amount, description, period: (start, end), metadata });
        }
        if lines.is_empty() {
            return Reply::invalid("parameter_missing", "Missing required param: lines");
        }
        let Some(invoice) = self.invoice_mut(id) else { return not_found("No such invoice") };
        if invoice.status != "draft" {
            return Reply::invalid("invoice_not_editable", "Finalized invoices can't be updated in this way");
        }
        if invoice.lines.len() + lines.len() > LINES_MAX {
            return Reply::invalid("", "An invoice can have at most 250 items");
        }
        invoice.lines.extend(lines);
        Reply::ok(&shown(invoice))
    }

    fn change(&mut self, id: &str, from: &str, to: impl Fn(i64) -> &'static str) -> Reply {
        let Some(invoice) = self.invoice_mut(id) else { return not_found("No such invoice") };
        if invoice.status != from {
            let message = format!("This invoice is {}, and would have to be {from}", invoice.status);
            return Reply::invalid("invoice_not_editable", &message);
        }
        invoice.status = to(total(invoice));
        Reply::ok(&shown(invoice))
    }

    fn list(&self, query: &[(String, String)]) -> Reply {
        let Some((_, customer)) = query.iter().find(|(name, _)| name == "customer") else {
            return Reply::invalid("parameter_missing", "the double lists a customer's invoices only");
        };
        let places = self.of_customers.get(customer).into_iter().flatten().rev();
        let all = places.filter_map(|place| self.invoices.get(*place));
        let newest_first: Vec<Invoice> = all.filter(|invoice| invoice.status != "deleted").cloned().collect();
        page(&newest_first, query, |invoice| &invoice.id, shown)
    }
}

/// The id and what is done with it: `/v1/invoices/ID/ACTION`.
fn route(path: &str) -> (&str, &str) {
    let Some(rest) = path.strip_prefix("/v1/invoices") else { return ("?", "?") };
    let mut parts = rest.split('/').skip(1);
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

fn not_found(message: &str) -> Reply {
    Reply::error(404, "invalid_request_error", "resource_missing", message)
}

fn sorted(form: &[(String, String)]) -> Vec<(String, String)> {
    let mut form = form.to_vec();
    form.sort();
    form
}

/// `prefix[name]=value`
fn map(form: &[(String, String)], prefix: &str) -> BTreeMap<String, String> {
    let entry = |(key, value): &(String, String)| {
        let name = key.strip_prefix(prefix)?.strip_prefix('[')?.strip_suffix(']')?;
        Some((name.to_owned(), value.clone()))
    };
    form.iter().filter_map(entry).collect()
}

/// <https://docs.stripe.com/api/metadata>
fn wrong_metadata(metadata: &BTreeMap<String, String>) -> Option<Reply> {
    let wrong = metadata.len() > 50
        || metadata.iter().any(|(name, value)| name.chars().count() > 40 || value.chars().count() > 500);
    wrong.then(|| Reply::invalid("", "metadata has at most 50 keys of 40 characters with values of 500"))
}

fn total(invoice: &Invoice) -> i64 {
    invoice.lines.iter().map(|line| line.amount).sum()
}

fn shown(invoice: &Invoice) -> Value {
    let lines: Vec<Value> = invoice.lines.iter().take(10).map(shown_line(&invoice.currency)).collect();
    json!({
        "id": invoice.id, "object": "invoice", "status": invoice.status, "customer": invoice.customer,
        "currency": invoice.currency, "description": invoice.description, "metadata": invoice.metadata,
        "subtotal": total(invoice), "total": total(invoice), "livemode": false, "auto_advance": invoice.status != "draft",
        "collection_method": invoice.collection_method,
        "lines": { "object": "list", "data": lines, "has_more": invoice.lines.len() > 10 },
    })
}

fn shown_line(currency: &str) -> impl Fn(&Line) -> Value + use<> {
    let currency = currency.to_owned();
    move |line| {
        json!({
            "id": line.id, "object": "line_item", "amount": line.amount, "currency": currency,
            "description": line.description, "metadata": line.metadata,
            "period": { "start": line.period.0, "end": line.period.1 },
        })
    }
}

fn page<T>(all: &[T], query: &[(String, String)], id: impl Fn(&T) -> &String, shown: impl Fn(&T) -> Value) -> Reply {
    let field = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let limit = field("limit").map_or(Some(10), |limit| limit.parse().ok());
    let Some(limit) = limit.filter(|limit| (1..=PAGE_MAX).contains(limit)) else {
        return Reply::invalid("parameter_invalid_integer", "limit is 1 to 100");
    };
    let from = match field("starting_after") {
        None => 0,
        Some(after) => match all.iter().position(|object| id(object) == after) {
            Some(at) => at + 1,
            None => return Reply::invalid("resource_missing", "No such object to start after"),
        },
    };
    let data: Vec<Value> = all.iter().skip(from).take(limit).map(shown).collect();
    Reply::ok(&json!({ "object": "list", "data": data, "has_more": all.len() > from + limit }))
}
