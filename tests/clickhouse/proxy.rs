//! A proxy that harms what passes: answers lost, answers cut off, connections refused.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Each fault happens to so many connections, and then no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Nothing,
    /// The request arrives and is carried out; nothing of the answer comes back.
    LoseAnswers(usize),
    /// The first bytes of the answer come back, `200 OK` among them, and no more.
    CutAnswers(usize),
    /// The connection ends before the request was read.
    Refuse(usize),
}

pub struct Proxy {
    address: SocketAddr,
    fault: Arc<Mutex<Fault>>,
}

const BYTES_OF_A_CUT_ANSWER: usize = 20;

impl Proxy {
    pub fn start(target: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let fault = Arc::new(Mutex::new(Fault::Nothing));
        let target = target.trim_start_matches("http://").to_owned();
        let shared = fault.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let fault = take(&mut shared.lock().expect("unpoisoned"));
                let server = TcpStream::connect(&target).expect("the server is there");
                std::thread::spawn(move || pass(client, server, fault));
            }
        });
        Proxy { address, fault }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn set(&self, fault: Fault) {
        *self.fault.lock().expect("unpoisoned") = fault;
    }
}

/// What happens to the next connection.
fn take(fault: &mut Fault) -> Fault {
    let now = *fault;
    *fault = match now {
        Fault::LoseAnswers(left) if left > 1 => Fault::LoseAnswers(left - 1),
        Fault::CutAnswers(left) if left > 1 => Fault::CutAnswers(left - 1),
        Fault::Refuse(left) if left > 1 => Fault::Refuse(left - 1),
        _ => Fault::Nothing,
    };
    now
}

fn pass(client: TcpStream, server: TcpStream, fault: Fault) {
    if matches!(fault, Fault::Refuse(_)) {
        return;
    }
    let (mut from_client, mut to_server) =
        (client.try_clone().expect("a handle"), server.try_clone().expect("a handle"));
    let requests = std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    let (mut answers, mut to_client) = (server, client);
    let mut buffer = [0; 16 << 10];
    loop {
        let count = match answers.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => count,
        };
        let passed = match fault {
            Fault::LoseAnswers(_) => 0,
            Fault::CutAnswers(_) => count.min(BYTES_OF_A_CUT_ANSWER),
            Fault::Nothing | Fault::Refuse(_) => count,
        };
        if to_client.write_all(&buffer[..passed]).is_err() || fault != Fault::Nothing {
            break;
        }
    }
    let _ = to_client.shutdown(Shutdown::Both);
    let _ = answers.shutdown(Shutdown::Both);
    let _ = requests.join();
}
