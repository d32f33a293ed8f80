//! From lines to lines: one case is held at a time, and what is answered is out before the next wait for input.

use super::QuoteArguments;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::output;
use highwater_rating::quote::{CaseError, Question, Refused};
use serde::Serialize;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

/// The longest case, in bytes. It bounds what a stream without line ends can take up.
const CASE_LIMIT: usize = 1 << 20;

/// The line that stands in place of an answer.
#[derive(Serialize)]
struct ErrorLine<'a> {
    /// Where there are files to tell apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    /// From 1, in its file.
    line: u64,
    #[serde(flatten)]
    refused: &'a Refused,
}

pub(super) fn answer(arguments: &QuoteArguments, question: Question) -> Result<Exit, CommandError> {
    let mut answering = Answering { question, out: BufWriter::new(io::stdout().lock()), cases: 0, refused: 0 };
    let done = if arguments.files.is_empty() {
        answering.stream(None, io::stdin().lock())
    } else {
        arguments.files.iter().try_for_each(|path| {
            let name = path.display().to_string();
            let file = File::open(path).map_err(|error| Failure::Input(name.clone(), error))?;
            answering.stream(Some(&name), file)
        })
    };
    match done.and_then(|()| answering.out.flush().map_err(Failure::Output)) {
        Ok(()) => answering.exit(arguments.strict),
        Err(Failure::Input(name, error)) => {
            // What was answered stands.
            let _ = answering.out.flush();
            Err(CommandError::input(format_args!("{name} cannot be read: {error}")))
        }
        // Who reads no further wants no further answers.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(Failure::Output(error)) => Err(CommandError::internal(error)),
    }
}

enum Failure {
    Input(String, io::Error),
    Output(io::Error),
}

struct Answering<W: Write> {
    question: Question,
    out: W,
    cases: usize,
    refused: usize,
}

impl<W: Write> Answering<W> {
    fn stream(&mut self, file: Option<&str>, input: impl Read) -> Result<(), Failure> {
        let unreadable = |error| Failure::Input(file.unwrap_or("standard input").to_owned(), error);
        let mut input = BufReader::with_capacity(1 << 16, input);
        let mut case = Vec::new();
        let mut line = 0;
        loop {
            // Without a whole line at hand the next read may wait, and somebody may wait for these answers.
            if !input.buffer().contains(&b'\n') {
                self.out.flush().map_err(Failure::Output)?;
            }
            case.clear();
            let whole = match read_line(&mut input, &mut case).map_err(unreadable)? {
                Line::End => return Ok(()),
                Line::Whole => true,
                Line::TooLong => false,
            };
            line += 1;
            if whole && case.trim_ascii().is_empty() {
                continue;
            }
            let answer = if whole { (self.question)(&case) } else { Err(too_long()) };
            self.write(file, line, answer).map_err(Failure::Output)?;
        }
    }

    fn write(&mut self, file: Option<&str>, line: u64, answer: Result<String, Refused>) -> io::Result<()> {
        self.cases += 1;
        match answer {
            Ok(text) => self.out.write_all(text.as_bytes())?,
            Err(refused) => {
                self.refused += 1;
                serde_json::to_writer(&mut self.out, &ErrorLine { file, line, refused: &refused })?;
            }
        }
        self.out.write_all(b"\n")
    }

    fn exit(&self, strict: bool) -> Result<Exit, CommandError> {
        if !strict || self.refused == 0 {
            return Ok(Exit::Done);
        }
        let cases = output::counted(self.cases, "case", "cases");
        Err(CommandError::input(format_args!("{} of {cases} have no answer", self.refused))
            .help("each has its error in place of the answer"))
    }
}

enum Line {
    End,
    Whole,
    /// Read past, without keeping it.
    TooLong,
}

/// The next line, the last one with or without its end.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Line> {
    let limit = CASE_LIMIT as u64 + 1;
    if input.by_ref().take(limit).read_until(b'\n', line)? == 0 {
        return Ok(Line::End);
    }
    if line.len() <= CASE_LIMIT || line.last() == Some(&b'\n') {
        return Ok(Line::Whole);
    }
    input.skip_until(b'\n')?;
    Ok(Line::TooLong)
}

fn too_long() -> Refused {
    let error = CaseError {
        code: "case_too_long".to_owned(),
        field: String::new(),
        message: format!("the line is longer than {CASE_LIMIT} bytes"),
        hint: "ask in several cases".to_owned(),
    };
    Refused { case_id: None, error }
}

#[cfg(test)]
mod tests {
    use super::{Answering, CASE_LIMIT, Question};
    use std::io::{self, Read, Write};
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Gives a case's bytes back, and refuses those that hold an x.
    fn echo(case: &[u8]) -> Result<String, super::Refused> {
        let text = String::from_utf8_lossy(case.trim_ascii()).into_owned();
        if text.contains('x') { Err(super::too_long()) } else { Ok(text) }
    }

    fn answered(input: &[u8]) -> (String, usize, usize) {
        let mut answering = Answering { question: echo as Question, out: Vec::new(), cases: 0, refused: 0 };
        assert!(answering.stream(None, input).is_ok());
        (String::from_utf8(answering.out).expect("text"), answering.cases, answering.refused)
    }

    #[test]
    fn every_line_has_one_answer_in_its_order_and_a_bad_one_ends_nothing() {
        for (input, lines, cases, refused) in [
            ("", &[][..], 0, 0),
            ("1\n2\n", &["1", "2"], 2, 0),
            ("1\r\n2", &["1", "2"], 2, 0),
            ("\n  \n3\n", &["3"], 1, 0),
            ("1\nx\n3\n", &["1", "{\"line\":2,", "3"], 3, 1),
            ("\n\nx", &["{\"line\":3,"], 1, 1),
        ] {
            let (text, answers, errors) = answered(input.as_bytes());
            assert_eq!((answers, errors), (cases, refused), "{input:?}");
            assert_eq!(text.lines().count(), lines.len(), "{input:?}");
            assert!(text.lines().zip(lines).all(|(line, start)| line.starts_with(start)), "{input:?}: {text}");
        }
    }

    #[test]
    fn a_line_without_end_is_refused_and_takes_no_more_memory_than_the_longest_case() {
        let long = [vec![b'1'; 3 * CASE_LIMIT], b"\n2\n".to_vec()].concat();
        let (text, ..) = answered(&long);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].contains("case_too_long"), "{}", lines[0]);
        assert_eq!(lines[1..], ["2"]);
        // At the limit it is a case like any other.
        let longest = [vec![b'1'; CASE_LIMIT], b"\n".to_vec()].concat();
        assert_eq!(answered(&longest).2, 0);
    }

    struct Typed(Receiver<&'static [u8]>);

    impl Read for Typed {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Ok(bytes) = self.0.recv() else { return Ok(0) };
            buffer[..bytes.len()].copy_from_slice(bytes);
            Ok(bytes.len())
        }
    }

    struct Shown(Sender<Vec<u8>>);

    impl Write for Shown {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn answers_are_out_before_the_next_case_is_waited_for() {
        let (typing, typed) = channel();
        let (showing, shown) = channel();
        let thread = std::thread::spawn(move || {
            let out = io::BufWriter::new(Shown(showing));
            let mut answering = Answering { question: echo as Question, out, cases: 0, refused: 0 };
            assert!(answering.stream(None, Typed(typed)).is_ok());
        });
        // A whole case and the beginning of the next.
        for (typed, answer) in [(&b"1\n2"[..], "1\n"), (b"2\n", "22\n")] {
            typing.send(typed).expect("it reads");
            assert_eq!(shown.recv().expect("an answer"), answer.as_bytes());
        }
        drop(typing);
        thread.join().expect("it ends");
    }
}
