//! A proxy between the service and ClickHouse that harms what passes, request by request.
//!
//! It reads a whole HTTP/1.1 request, asks the clock and the dice nothing but what its rules say, and ends the
//! connection after each answer: which request meets which fault is then known.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// The connection ends before the request has arrived: nothing is carried out.
    Refuse,
    /// It is carried out, and nothing of the answer comes back.
    SwallowAnswer,
    /// It is carried out, and this many bytes of the answer come back.
    TruncateAnswer(usize),
    /// It is carried out at once, and the answer comes later.
    LateAnswer(Duration),
    /// It waits, and is carried out when whoever asked has given up.
    LateRequest(Duration),
    /// It is carried out twice, one after the other.
    Twice,
    /// It is not carried out; a status and a text come back, as from a server that is busy or a proxy before it.
    Answer(u16, &'static str),
    /// A part of the request arrives, then the connection ends on both sides.
    TruncateRequest,
    /// The answer comes a byte at a time, too slowly to ever end in time.
    DripAnswer(Duration),
}

type Rule = dyn Fn(usize) -> Fault + Send + Sync;

pub struct Proxy {
    address: SocketAddr,
    rule: Arc<Mutex<Arc<Rule>>>,
    harmed: Arc<AtomicUsize>,
}

impl Proxy {
    /// Passes everything on until a rule is set.
    pub fn start(target_port: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let rule: Arc<Mutex<Arc<Rule>>> = Arc::new(Mutex::new(Arc::new(|_| Fault::None)));
        let (rules, harmed) = (rule.clone(), Arc::new(AtomicUsize::new(0)));
        let (count, requests) = (harmed.clone(), AtomicUsize::new(0));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let fault = rules.lock().expect("unpoisoned")(requests.fetch_add(1, Ordering::SeqCst));
                count.fetch_add(usize::from(fault != Fault::None), Ordering::SeqCst);
                // A connection that breaks is what this is about.
                std::thread::spawn(move || drop(relay(client, target_port, fault)));
            }
        });
        Proxy { address, rule, harmed }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on request `n`, counted over all connections, meets `rule(n)`.
    pub fn set(&self, rule: impl Fn(usize) -> Fault + Send + Sync + 'static) {
        *self.rule.lock().expect("unpoisoned") = Arc::new(rule);
    }

    pub fn heal(&self) {
        self.set(|_| Fault::None);
    }

    /// How many requests were harmed so far.
    pub fn harmed(&self) -> usize {
        self.harmed.load(Ordering::SeqCst)
    }
}

fn relay(mut client: TcpStream, target_port: u16, fault: Fault) -> io::Result<()> {
    if fault == Fault::Refuse {
        return client.shutdown(Shutdown::Both);
    }
    let request = read_request(&mut BufReader::new(client.try_clone()?))?;
    let answer = match fault {
        Fault::Answer(status, text) => canned(status, text),
        Fault::TruncateRequest => {
            let mut server = TcpStream::connect(("127.0.0.1", target_port))?;
            server.write_all(&request[..request.len() * 2 / 3])?;
            server.shutdown(Shutdown::Both)?;
            Vec::new()
        }
        Fault::Twice => {
            carry_out(&request, target_port)?;
            carry_out(&request, target_port)?
        }
        Fault::LateRequest(wait) => {
            std::thread::sleep(wait);
            carry_out(&request, target_port)?
        }
        _ => carry_out(&request, target_port)?,
    };
    match fault {
        Fault::SwallowAnswer => {}
        Fault::TruncateAnswer(bytes) => client.write_all(&answer[..answer.len().min(bytes)])?,
        Fault::LateAnswer(wait) => {
            std::thread::sleep(wait);
            client.write_all(&answer)?;
        }
        Fault::DripAnswer(pause) => {
            for byte in &answer {
                client.write_all(std::slice::from_ref(byte))?;
                std::thread::sleep(pause);
            }
        }
        _ => client.write_all(&answer)?,
    }
    client.shutdown(Shutdown::Both)
}

fn carry_out(request: &[u8], target_port: u16) -> io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(("127.0.0.1", target_port))?;
    server.write_all(request)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    Ok(answer)
}

fn canned(status: u16, text: &str) -> Vec<u8> {
    let length = text.len();
    format!("HTTP/1.1 {status} Harmed\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}").into_bytes()
}

/// The request's bytes, with `connection: close` so that both sides end after the answer.
fn read_request(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let (mut request, mut length, mut chunked) = (Vec::new(), 0usize, false);
    loop {
        let mut line = Vec::new();
        if from.read_until(b'\n', &mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line == b"\r\n" {
            break;
        }
        let text = String::from_utf8_lossy(&line).to_ascii_lowercase();
        match text.split_once(':') {
            Some(("connection", _)) => continue,
            Some(("content-length", value)) => length = value.trim().parse().unwrap_or_default(),
            Some(("transfer-encoding", value)) => chunked = value.contains("chunked"),
            _ => {}
        }
        request.extend(line);
    }
    request.extend(b"connection: close\r\n\r\n");
    if !chunked {
        let start = request.len();
        request.resize(start + length, 0);
        from.read_exact(&mut request[start..])?;
        return Ok(request);
    }
    loop {
        let mut size = Vec::new();
        from.read_until(b'\n', &mut size)?;
        let bytes = usize::from_str_radix(String::from_utf8_lossy(&size).trim(), 16)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        request.extend(size);
        let start = request.len();
        request.resize(start + bytes + 2, 0);
        from.read_exact(&mut request[start..])?;
        if bytes == 0 {
            return Ok(request);
        }
    }
}
