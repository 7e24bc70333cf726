//! A second decoder of the chunked coding, of a whole body and by another method.

/// A second decoder, of a whole body and by another method: the data and the length of a valid body.
pub(super) fn decode(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut data = Vec::new();
    let mut at = 0;
    loop {
        let line = line_of(&bytes[at..])?;
        at += line.len() + 2;
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if !(1..=16).contains(&digits) || !extensions(&line[digits..]) {
            return None;
        }
        let size = u64::from_str_radix(std::str::from_utf8(&line[..digits]).ok()?, 16).ok()?;
        if size == 0 {
            break;
        }
        let end = at.checked_add(usize::try_from(size).ok()?)?;
        data.extend_from_slice(bytes.get(at..end)?);
        if bytes.get(end..end + 2)? != b"\r\n" {
            return None;
        }
        at = end + 2;
    }
    loop {
        let line = line_of(&bytes[at..])?;
        at += line.len() + 2;
        if line.is_empty() {
            return Some((data, at));
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        if colon == 0 || !line[..colon].iter().all(|byte| is_tchar(*byte)) || line.iter().any(|byte| is_control(*byte))
        {
            return None;
        }
    }
}

/// A line without its CRLF, if it has one and no other CR or LF.
fn line_of(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'))?;
    bytes[end..].starts_with(b"\r\n").then(|| &bytes[..end])
}

fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_control(byte: u8) -> bool {
    byte != b'\t' && byte.is_ascii_control()
}

/// `*( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )`, by taking it apart from the front.
fn extensions(text: &[u8]) -> bool {
    let space = |text: &mut &[u8]| {
        *text = &text[text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()..];
    };
    let token = |text: &mut &[u8]| {
        let length = text.iter().take_while(|byte| is_tchar(**byte)).count();
        *text = &text[length..];
        length > 0
    };
    let mut rest = text;
    while !rest.is_empty() {
        space(&mut rest);
        let Some(behind) = rest.strip_prefix(b";") else { return false };
        rest = behind;
        space(&mut rest);
        if !token(&mut rest) {
            return false;
        }
        let mut value = rest;
        space(&mut value);
        if let Some(behind) = value.strip_prefix(b"=") {
            rest = behind;
            space(&mut rest);
            if let Some(quoted) = rest.strip_prefix(b"\"") {
                let mut bytes = quoted.iter();
                loop {
                    match bytes.next() {
                        Some(b'"') => break,
                        Some(b'\\') if bytes.next().is_some_and(|byte| !is_control(*byte)) => {}
                        Some(byte) if *byte != b'\\' && !is_control(*byte) => {}
                        _ => return false,
                    }
                }
                rest = bytes.as_slice();
            } else if !token(&mut rest) {
                return false;
            }
        }
    }
    true
}
