//! The part of DynamoDB that koohook uses, over HTTP. It answers as the emulator does, and does
//! what the emulator does not: it accepts only signed calls, an eventually consistent read
//! returns the value before the last write, and calls fail as planned.

mod refusal;
mod table;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http::header::DATE as DATE_HEADER;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use self::refusal::{ModelAnswer, Refused};
use self::table::ModelTable;
use super::signature::{Received, SignatureFault};
use super::{ACCESS_KEY, REGION, SECRET_KEY, SESSION_TOKEN};
use crate::on_tokio::{block_on, spawn};

/// A server for one test. It runs until the process ends.
pub struct Model {
    /// The address at which it listens.
    pub endpoint: String,
    state: Arc<Mutex<State>>,
}

/// How the model fails one call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Plan {
    /// The call works.
    Work,
    /// The call is rejected with this status and kind, and changes nothing.
    Refuse(u16, &'static str),
    /// The connection closes before the operation is done.
    CutBefore,
    /// The operation is done, and the connection closes before the answer.
    CutAfter,
}

#[derive(Default)]
struct State {
    tables: BTreeMap<String, ModelTable>,
    plan: VecDeque<Plan>,
    calls: Vec<String>,
    /// The `Date` header of its answers.
    date: Option<&'static str>,
}

/// The moment for which calls must be signed: [`super::noon`] in the signature's format.
const DATE: &str = "20261005T210927Z";
/// The second of [`DATE`] in the format of an answer's `Date`.
const HTTP_DATE: &str = "Mon, 05 Oct 2026 21:09:27 GMT";
impl Model {
    /// Starts a server on a free port.
    pub fn start() -> Self {
        let state = State { date: Some(HTTP_DATE), ..State::default() };
        let state = Arc::new(Mutex::new(state));
        let listener = block_on(TcpListener::bind("127.0.0.1:0")).expect("a port is free");
        let address: SocketAddr = listener.local_addr().expect("the listener has an address");
        let kept = Arc::clone(&state);
        spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&kept);
                let service = service_fn(move |request| serve(Arc::clone(&state), request));
                let connection = hyper::server::conn::http1::Builder::new()
                    .auto_date_header(false)
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(async { drop(connection.await) });
            }
        });
        Self { endpoint: format!("http://{address}"), state }
    }

    /// Plans the next calls, in order. Calls after them work.
    pub fn plan(&self, plans: impl IntoIterator<Item = Plan>) {
        self.lock().plan = plans.into_iter().collect();
    }

    /// Sets the `Date` of every following answer.
    pub fn set_date(&self, date: Option<&'static str>) {
        self.lock().date = date;
    }

    /// The operations that were called since the last use of this method.
    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().calls)
    }

    /// The answer to a request, without HTTP and without a signature: the kind of a rejection, if
    /// it is one, and the body.
    pub fn ask(&self, operation: &str, request: &Value) -> (Option<String>, Value) {
        match self.lock().answer(operation, request.to_string().as_bytes()) {
            Ok(answer) => (None, answer),
            Err(Refused(kind, _, item)) => {
                (Some(kind.to_owned()), item.map_or(json!({}), |item| json!({ "Item": item })))
            }
        }
    }

    /// Every item of every table, in its current version.
    pub fn items(&self) -> Vec<Map<String, Value>> {
        let state = self.lock();
        let items = state.tables.values().flat_map(|table| table.items.values());
        items.map(|item| item.now.clone()).collect()
    }

    /// Deletes every item that has a `ttl`, as DynamoDB does some days after expiry.
    pub fn free(&self) {
        for table in self.lock().tables.values_mut().filter(|table| table.deletes_expired) {
            table.items.retain(|_, item| !item.now.contains_key("ttl"));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panicked while it had the lock")
    }
}

/// Answers one request, or closes the connection.
async fn serve(
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, &'static str> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| "cut off")?.to_bytes();
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let target = text("x-amz-target").unwrap_or_default();
    let operation = target.strip_prefix("DynamoDB_20120810.").unwrap_or_default();
    let verified = verify(&head, &body);
    let mut state = state.lock().map_err(|_| "a test panicked")?;
    state.calls.push(operation.to_owned());
    let plan = state.plan.pop_front().unwrap_or(Plan::Work);
    let answer = match plan {
        Plan::CutBefore => return Err("as planned"),
        Plan::Refuse(status, kind) => {
            return Ok(dated(refusal(status, &Refused::of(kind, "")), state.date));
        }
        Plan::Work | Plan::CutAfter => verified.and_then(|()| state.answer(operation, &body)),
    };
    if plan == Plan::CutAfter {
        return Err("as planned");
    }
    let response = match answer {
        Ok(answer) => response(StatusCode::OK, &answer),
        Err(refused) => refusal(400, &refused),
    };
    Ok(dated(response, state.date))
}

fn verify(head: &http::request::Parts, body: &[u8]) -> Result<(), Refused> {
    let headers = head.headers.iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()));
    let received = Received { method: head.method.as_str(), headers: headers.collect(), body };
    let verified = received.verify(SECRET_KEY).map_err(|fault| match fault {
        SignatureFault::Unsigned => Refused::of("MissingAuthenticationTokenException", "unsigned"),
        SignatureFault::LeftOut => Refused::of("IncompleteSignatureException", "left out"),
        SignatureFault::Wrong => Refused::of("InvalidSignatureException", "another signature"),
    })?;
    let [day, region, service] = verified.scope;
    if verified.access_key != ACCESS_KEY || verified.session_token != Some(SESSION_TOKEN) {
        return Err(Refused::of("UnrecognizedClientException", "another's key"));
    }
    // DynamoDB allows some minutes, but the clock of these tests does not run.
    if (region, service, verified.date) != (REGION, "dynamodb", DATE) || !DATE.starts_with(day) {
        return Err(Refused::of("InvalidSignatureException", "for another time or place"));
    }
    Ok(())
}

impl State {
    fn answer(&mut self, operation: &str, body: &[u8]) -> ModelAnswer {
        let request: Value = serde_json::from_slice(body)
            .map_err(|_| Refused::of("SerializationException", "the body is not JSON"))?;
        let name = request["TableName"].as_str().unwrap_or_default().to_owned();
        if operation == "CreateTable" {
            return self.create(name, &request);
        }
        let table = self.tables.get_mut(&name);
        let table = table.ok_or_else(|| Refused::of("ResourceNotFoundException", "no table"))?;
        match operation {
            "DescribeTable" => Ok(json!({ "Table": table.described })),
            "DescribeTimeToLive" => {
                let status = if table.deletes_expired { "ENABLED" } else { "DISABLED" };
                Ok(json!({ "TimeToLiveDescription": { "TimeToLiveStatus": status } }))
            }
            "UpdateTimeToLive" if table.deletes_expired => {
                Err(Refused::invalid("TimeToLive is already enabled"))
            }
            "UpdateTimeToLive" => {
                table.deletes_expired =
                    request["TimeToLiveSpecification"]["AttributeName"] == "ttl";
                Ok(json!({ "TimeToLiveSpecification": request["TimeToLiveSpecification"] }))
            }
            "UpdateContinuousBackups" => Ok(json!({ "ContinuousBackupsDescription": {} })),
            "GetItem" => table.get(&request),
            "PutItem" => table.put(&request),
            "Query" => table.query(&request),
            "Scan" => table.scan(&request),
            "UpdateTable" => table.add_indexes(&request),
            _ => Err(Refused::of("UnknownOperationException", "unknown")),
        }
    }

    fn create(&mut self, name: String, request: &Value) -> ModelAnswer {
        if self.tables.contains_key(&name) {
            return Err(Refused::of("ResourceInUseException", "the table exists"));
        }
        let mut described = request.clone();
        described["TableStatus"] = json!("ACTIVE");
        for index in described["GlobalSecondaryIndexes"].as_array_mut().into_iter().flatten() {
            index["IndexStatus"] = json!("ACTIVE");
        }
        let table = ModelTable { described: described.clone(), ..ModelTable::default() };
        self.tables.insert(name, table);
        Ok(json!({ "TableDescription": described }))
    }
}

fn refusal(status: u16, Refused(kind, message, item): &Refused) -> Response<Full<Bytes>> {
    let kind = format!("com.amazonaws.dynamodb.v20120810#{kind}");
    let mut body = json!({ "__type": kind, "message": message });
    if let Some(item) = item {
        body["Item"] = json!(item);
    }
    response(StatusCode::from_u16(status).expect("the planned status is valid"), &body)
}

fn dated(mut response: Response<Full<Bytes>>, date: Option<&'static str>) -> Response<Full<Bytes>> {
    if let Some(date) = date {
        response.headers_mut().insert(DATE_HEADER, HeaderValue::from_static(date));
    }
    response
}

fn response(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response
}
