//! Shows the head of a message, or what is wrong with it: of a request, or of a response where it begins with `HTTP/`.
//!
//! `printf 'GET / HTTP/1.1\r\nHost: a\r\n\r\n' | cargo run -p switchover-header --example head`; an argument names a file.

use std::{
    env,
    fmt::Display,
    fs::File,
    io::{self, Read, Write},
    process::ExitCode,
};

use switchover_header::{FieldTable, Fields, Limits, RequestScan, ResponseScan, Step};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Whether the head is a whole one without a fault.
fn run() -> io::Result<bool> {
    let mut input: Box<dyn Read> = match env::args_os().nth(1) {
        Some(path) => Box::new(File::open(path)?),
        None => Box::new(io::stdin()),
    };
    // A head may have so many bytes, and one more shows that it has too many.
    let mut bytes = Vec::new();
    input.by_ref().take(Limits::default().head as u64 + 1).read_to_end(&mut bytes)?;
    let mut fields = FieldTable::<128>::new();
    if bytes.starts_with(b"HTTP/") {
        show(ResponseScan::new(Limits::default()).scan(&bytes, &mut fields), |head, out| {
            writeln!(out, "{} {} {}", head.version(), head.status(), head.reason().escape_ascii())?;
            show_fields(head.fields(), out)
        })
    } else {
        show(RequestScan::new(Limits::default()).scan(&bytes, &mut fields), |head, out| {
            writeln!(out, "{} {} {}", head.method(), head.target(), head.version())?;
            show_fields(head.fields(), out)
        })
    }
}

fn show<H, E: Display>(
    outcome: Result<Step<H>, E>,
    show_head: impl FnOnce(H, &mut io::StdoutLock<'_>) -> io::Result<()>,
) -> io::Result<bool> {
    match outcome {
        Ok(Step::Done { value: head, consumed }) => {
            let mut out = io::stdout().lock();
            show_head(head, &mut out)?;
            writeln!(out, "({consumed} bytes)")?;
            return Ok(true);
        }
        Ok(Step::NeedMore { at_least }) => eprintln!("incomplete: at least {at_least} more bytes are needed"),
        Err(error) => eprintln!("{error}"),
    }
    Ok(false)
}

fn show_fields(fields: Fields<'_>, out: &mut impl Write) -> io::Result<()> {
    for field in fields {
        writeln!(out, "{}: {}", field.name, field.value.escape_ascii())?;
    }
    Ok(())
}
