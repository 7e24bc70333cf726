//! Lists with permessage-deflate in them, written short.

use switchover_handshake::header::names::SEC_WEBSOCKET_EXTENSIONS;
use switchover_handshake::{
    Choice, ClientHandshake, Deflate, DeflateContext, DeflateParameters, ExtensionParameter, Offer,
};

use crate::common::Head;

pub(crate) const SNCT: ExtensionParameter =
    ExtensionParameter { name: "server_no_context_takeover", section: "RFC 7692, section 7.1.1.1" };
pub(crate) const CNCT: ExtensionParameter =
    ExtensionParameter { name: "client_no_context_takeover", section: "RFC 7692, section 7.1.1.2" };
pub(crate) const SMWB: ExtensionParameter =
    ExtensionParameter { name: "server_max_window_bits", section: "RFC 7692, section 7.1.2.1" };
pub(crate) const CMWB: ExtensionParameter =
    ExtensionParameter { name: "client_max_window_bits", section: "RFC 7692, section 7.1.2.2" };

/// Lists are written short in the tables.
pub(crate) fn long(list: &str) -> String {
    list.replace("PMD", "permessage-deflate")
        .replace("SNCT", SNCT.name)
        .replace("CNCT", CNCT.name)
        .replace("SMWB", SMWB.name)
        .replace("CMWB", CMWB.name)
}

pub(crate) fn choice(deflate: Deflate) -> Choice {
    Choice::new().extension(deflate).unwrap()
}

pub(crate) fn request(lines: &[&str]) -> Head {
    lines.iter().fold(Head::request(), |head, line| head.line(SEC_WEBSOCKET_EXTENSIONS, long(line)))
}

pub(crate) fn response(line: &str) -> Head {
    Head::response().line(SEC_WEBSOCKET_EXTENSIONS, long(line))
}

/// The parameters: windows and takeover of the server's direction, then of the client's.
pub(crate) fn parameters(server: (u8, bool), client: (u8, bool)) -> DeflateParameters {
    let context = |(window_bits, takeover)| DeflateContext { window_bits, takeover };
    DeflateParameters { server: context(server), client: context(client) }
}

/// What an element written as [`ParameterList`](switchover_handshake::ParameterList) writes it says, read most simply.
pub(crate) fn read(element: &str) -> DeflateParameters {
    let bits =
        |name: &str| element.split("; ").find_map(|part| part.strip_prefix(name)?.strip_prefix('=')?.parse().ok());
    let flag = |name: &str| element.split("; ").any(|part| part == name);
    parameters((bits(SMWB.name).unwrap_or(15), !flag(SNCT.name)), (bits(CMWB.name).unwrap_or(15), !flag(CNCT.name)))
}

/// The values of Sec-WebSocket-Extensions in the request.
pub(crate) fn offered(offer: &Offer) -> Vec<String> {
    let mut request = Vec::new();
    ClientHandshake::new(offer, crate::common::NONCE, &mut request).unwrap();
    let request = String::from_utf8(request).unwrap();
    let lines = request.split("\r\n").filter_map(|line| line.strip_prefix("Sec-WebSocket-Extensions: "));
    lines.map(str::to_owned).collect()
}
