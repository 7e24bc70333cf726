//! A server as a microcontroller would have it: no heap, one buffer for what is received, one for what is sent, and room for
//! eight field lines. It switches a lamp: `PUT /lamp` with `on` or `off`.
//!
//! `cargo run -p switchover-header --example fixed_buffers` runs it against a scripted line; printing alone needs `std`.

use switchover_header::{
    BodyDecoder, BodyLimits, FieldSlots, FieldSpan, Limits, RequestScan, Status, Step, TypedFields,
    write::{self, SliceSink, WriteError},
};

/// The serial line, or whatever carries the bytes.
trait Line {
    /// Waits for bytes and puts them at the front of `buffer`; 0 means that the line is down.
    fn read(&mut self, buffer: &mut [u8]) -> usize;
    /// Sends all of `bytes`.
    fn write(&mut self, bytes: &[u8]);
}

/// What is received: a head and its body have to fit in.
const BUFFER: usize = 512;

/// A head is refused while there is still room for the longest body, so that the buffer is never full without a verdict.
const LIMITS: Limits =
    Limits { start_line: 128, target: 64, name: 64, value: 256, fields: 8, head: BUFFER - BODY, leading_crlf: 1 };

/// The longest body, in the form in which it is sent.
const BODY: usize = 64;

/// Serves requests until the line is down or a request was refused.
fn serve(line: &mut impl Line, lamp: &mut bool) -> Result<(), WriteError> {
    let mut buffer = [0; BUFFER];
    let mut slots = [FieldSpan::default(); 8];
    let mut len = 0; // of what was received and not taken yet
    loop {
        let mut fields = FieldSlots::new(&mut slots);
        let mut scan = RequestScan::new(LIMITS);
        let (is_lamp, is_put, has_expectation, framing, head) = loop {
            match scan.scan(&buffer[..len], &mut fields) {
                Ok(Step::Done { value: head, consumed }) => {
                    let has_expectation = head.expect().next().is_some();
                    break (head.path() == "/lamp", head.method() == "PUT", has_expectation, head.framing(), consumed);
                }
                Ok(Step::NeedMore { .. }) => match line.read(&mut buffer[len..]) {
                    0 => return Ok(()),
                    received => len += received,
                },
                Err(error) => return answer(line, error.status(), "close"),
            }
        };

        if has_expectation {
            return answer(line, Status::EXPECTATION_FAILED, "close");
        }

        // The data of the body are moved together behind the head, whatever the body's framing; `raw` counts what they came
        // in, `data` what they are.
        let mut body = BodyDecoder::request(framing, BodyLimits::default());
        let (mut raw, mut data) = (head, head);
        loop {
            let decoded = body.decode_in_place(&mut buffer[raw..len], &mut fields);
            let (found, consumed) = (decoded.data, decoded.consumed);
            let ended = match decoded.end {
                Ok(step) => matches!(step, Step::Done { .. }),
                Err(error) => return answer(line, error.status(), "close"),
            };
            buffer.copy_within(raw..raw + found, data);
            data += found;
            raw += consumed;
            if ended {
                break;
            }
            if len - head > BODY || len == BUFFER {
                return answer(line, Status::CONTENT_TOO_LARGE, "close");
            }
            match line.read(&mut buffer[len..]) {
                0 => return Ok(()),
                received => len += received,
            }
        }

        let status = match (is_lamp, is_put, &buffer[head..data]) {
            (false, ..) => Status::NOT_FOUND,
            (_, false, _) => Status::METHOD_NOT_ALLOWED,
            (.., state @ (b"on" | b"off")) => {
                *lamp = state == b"on";
                Status::NO_CONTENT
            }
            _ => Status::UNPROCESSABLE_CONTENT,
        };
        answer(line, status, "keep-alive")?;

        // What is behind the request is the front of the next one.
        buffer.copy_within(raw..len, 0);
        len -= raw;
    }
}

fn answer(line: &mut impl Line, status: Status, connection: &str) -> Result<(), WriteError> {
    let mut bytes = [0; 128];
    let mut sink = SliceSink::new(&mut bytes);
    let mut head = write::response(&mut sink, status)?.field("Connection", connection)?;
    // RFC 9110, section 15.5.6: 405 says what is allowed. Section 8.6: 204 has no Content-Length.
    if status == Status::METHOD_NOT_ALLOWED {
        head = head.field("Allow", "PUT")?;
    }
    if status != Status::NO_CONTENT {
        head = head.content_length(0)?;
    }
    head.end()?;
    line.write(sink.written());
    Ok(())
}

/// Delivers what was scripted, seven bytes at a time, and prints what is sent.
struct Script(&'static [u8]);

impl Line for Script {
    fn read(&mut self, buffer: &mut [u8]) -> usize {
        let len = self.0.len().min(buffer.len()).min(7);
        let (now, later) = self.0.split_at(len);
        buffer[..len].copy_from_slice(now);
        self.0 = later;
        len
    }

    fn write(&mut self, bytes: &[u8]) {
        print!("{}", String::from_utf8_lossy(bytes));
    }
}

fn main() -> Result<(), WriteError> {
    let mut lamp = false;
    let mut line = Script(
        b"PUT /lamp HTTP/1.1\r\nHost: lamp.local\r\nContent-Length: 2\r\n\r\non\
          PUT /lamp HTTP/1.1\r\nHost: lamp.local\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n2\r\nff\r\n0\r\n\r\n\
          GET /lamp HTTP/1.1\r\nHost: lamp.local\r\n\r\n\
          PUT /lamp HTTP/1.1\r\nHost: lamp.local\r\nContent-Length: 3\r\n\r\ndim\
          PUT /lamp HTTP/1.1\nHost: lamp.local\n\n",
    );
    serve(&mut line, &mut lamp)?;
    println!("The lamp is {}.", if lamp { "on" } else { "off" });
    Ok(())
}
