//! Heads of five kinds: an example of each, and hundreds like it that differ in fields, their order, case and lengths.

use std::fmt;

/// Kinds of head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What a small client sends, about 150 bytes.
    Short,
    /// The opening of a WebSocket client that is no browser, about 230 bytes.
    WebSocket,
    /// What a browser sends, between 700 and 800 bytes.
    Chrome,
    /// The same with 4 KiB of cookies.
    Cookies,
    /// The answer to an opening, about 130 bytes.
    Answer,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Short, Self::WebSocket, Self::Chrome, Self::Cookies, Self::Answer];

    /// One head of this kind.
    #[must_use]
    pub fn example(self) -> &'static str {
        match self {
            Self::Short => SHORT,
            Self::WebSocket => OPENING,
            Self::Chrome => CHROME,
            Self::Cookies => {
                let cookies: Vec<_> = (0..31).map(|i| format!("cookie-{i:02}={}", HEX.repeat(7))).collect();
                CHROME.replace(COOKIE, &cookies.join("; ")).leak()
            }
            Self::Answer => ANSWER,
        }
    }

    /// How many different ones there are. Those with cookies are fewer, so that they stay near the processor.
    pub(crate) fn count(self) -> usize {
        if self == Self::Cookies { 200 } else { 400 }
    }

    /// What most heads of this kind hold.
    fn usual(self) -> &'static [Line] {
        match self {
            Self::Short => SMALL_LINES,
            Self::WebSocket => OPENING_LINES,
            Self::Chrome | Self::Cookies => BROWSER_LINES,
            Self::Answer => ANSWER_LINES,
        }
    }

    /// What any of them may hold.
    fn possible(self) -> &'static [Line] {
        if self == Self::Answer { ANSWER_POOL } else { REQUEST_POOL }
    }

    /// Fields are added until a head has so many bytes, at least and at most.
    fn lengths(self) -> (usize, usize) {
        match self {
            Self::Short => (100, 150),
            Self::WebSocket => (180, 230),
            Self::Chrome | Self::Cookies => (660, 800),
            Self::Answer => (100, 150),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Short => "short request",
            Self::WebSocket => "WebSocket opening",
            Self::Chrome => "Chrome's request",
            Self::Cookies => "4 KiB of cookies",
            Self::Answer => "101 response",
        })
    }
}

/// Different heads of one kind, the same ones every time.
#[must_use]
pub fn heads(kind: Kind, count: usize) -> Vec<&'static [u8]> {
    let mut random = Random(kind as u64);
    (0..count).map(|_| &*head(kind, &mut random).into_bytes().leak()).collect()
}

/// The heads in several orders, one behind the other, so many that `multiple` divides their number.
pub(crate) fn shuffles<'h>(heads: &[&'h [u8]], multiple: usize) -> Vec<&'h [u8]> {
    let mut random = Random(1);
    let mut order = Vec::new();
    while order.len() < 8 * heads.len() || !order.len().is_multiple_of(multiple) {
        let mut heads = heads.to_vec();
        random.shuffle(&mut heads);
        order.extend(heads);
    }
    order
}

fn head(kind: Kind, random: &mut Random) -> String {
    let mut head = match kind {
        Kind::Answer => "HTTP/1.1 101 Switching Protocols\r\n".to_owned(),
        _ => format!("GET {} HTTP/1.1\r\n", random.target()),
    };
    let length = random.between(kind.lengths());
    let mut lines: Vec<(&str, String)> = Vec::new();
    // Host, the first line, is in every request; of the others one in eight is missing.
    for (number, (name, value)) in kind.usual().iter().enumerate() {
        if number == 0 || random.below(8) > 0 {
            lines.push((name, random.value(value)));
        }
    }
    if kind == Kind::Cookies {
        lines.retain(|(name, _)| *name != "Cookie");
        lines.push(("Cookie", random.cookies(4096)));
    }
    let others = kind.possible();
    let so_far =
        |lines: &[(&str, String)]| lines.iter().map(|(name, value)| name.len() + value.len() + 4).sum::<usize>();
    let fixed = if kind == Kind::Cookies { so_far(&lines[lines.len() - 1..]) } else { 0 };
    for _ in 0..50 {
        if head.len() + so_far(&lines) - fixed >= length {
            break;
        }
        let (name, value) = &others[random.below(others.len())];
        if lines.iter().all(|(other, _)| other != name) {
            lines.push((name, random.value(value)));
        }
    }
    random.shuffle(&mut lines);
    // Proxies write names in small letters.
    let small = random.below(3) == 0;
    for (name, value) in lines {
        let name = if small { name.to_ascii_lowercase() } else { name.to_owned() };
        head.extend([&*name, ": ", &*value, "\r\n"]);
    }
    head + "\r\n"
}

/// A field's name and its value.
type Line = (&'static str, Value);

enum Value {
    /// One of these.
    Of(&'static [&'static str]),
    /// Letters and digits, so many at least and at most.
    Id(usize, usize),
    /// Words, so many bytes at least and at most.
    Words(usize, usize),
    /// Cookies of about so many bytes at least and at most.
    Cookies(usize, usize),
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap_or(0)
    }

    /// Both included.
    fn between(&mut self, (least, most): (usize, usize)) -> usize {
        least + self.below(most - least + 1)
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    fn characters(&mut self, alphabet: &[u8], len: usize) -> String {
        (0..len).map(|_| char::from(alphabet[self.below(alphabet.len())])).collect()
    }

    fn id(&mut self, len: usize) -> String {
        self.characters(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=.", len)
    }

    fn words(&mut self, len: usize) -> String {
        let mut words = String::new();
        while words.len() < len {
            let word = self.between((2, 9));
            words += &self.characters(b"abcdefghijklmnopqrstuvwxyz0123456789", word);
            words += [" ", ", ", "; q=0.", "/"][self.below(4)];
        }
        words + "1"
    }

    fn cookies(&mut self, len: usize) -> String {
        let mut cookies = String::new();
        while cookies.len() < len {
            let (name, value) = (self.between((2, 14)), self.between((8, 180)));
            let separator = if cookies.is_empty() { "" } else { "; " };
            let name = self.characters(b"abcdefghijklmnopqrstuvwxyz_", name);
            cookies += &format!("{separator}{name}={}", self.id(value));
        }
        cookies
    }

    fn target(&mut self) -> String {
        let mut target = String::new();
        for _ in 0..self.between((1, 3)) {
            let segment = self.between((2, 12));
            target += "/";
            target += &self.characters(b"abcdefghijklmnopqrstuvwxyz-", segment);
        }
        if self.below(3) == 0 {
            let query = self.between((4, 24));
            target += "?id=";
            target += &self.characters(HEX.as_bytes(), query);
        }
        target
    }

    fn value(&mut self, value: &Value) -> String {
        match *value {
            Value::Of(values) => values[self.below(values.len())].to_owned(),
            Value::Id(least, most) => {
                let len = self.between((least, most));
                self.id(len)
            }
            Value::Words(least, most) => {
                let len = self.between((least, most));
                self.words(len)
            }
            Value::Cookies(least, most) => {
                let len = self.between((least, most));
                self.cookies(len)
            }
        }
    }
}

const HEX: &str = "0123456789abcdef";

const SHORT: &str = "GET /chat HTTP/1.1\r\n\
    Host: example.com\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

/// As in RFC 6455, section 1.2.
const OPENING: &str = "GET /chat HTTP/1.1\r\n\
    Host: server.example.com\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Origin: http://example.com\r\n\
    Sec-WebSocket-Protocol: chat, superchat\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

/// What Chrome sends for `new WebSocket("ws://localhost:9001/notifications")` on a page of the same host.
pub const CHROME: &str = "GET /notifications HTTP/1.1\r\n\
    Host: localhost:9001\r\n\
    Connection: Upgrade\r\n\
    Pragma: no-cache\r\n\
    Cache-Control: no-cache\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36\r\n\
    Upgrade: websocket\r\n\
    Origin: http://localhost:9001\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-US,en;q=0.9,de-DE;q=0.8,de;q=0.7\r\n\
    Cookie: theme=dark; _ga=GA1.1.1729013370.1763978403; session=eyJ1c2VyIjo0MjF9.aSQwYw.Vq3hJ0mXo6yqk1Tn8cWZ5bGfR2E; consent=1\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
    Sec-GPC: 1\r\n\
    Sec-Fetch-Site: same-origin\r\n\
    Sec-Fetch-Mode: websocket\r\n\
    Sec-Fetch-Dest: empty\r\n\r\n";

/// Its cookies.
const COOKIE: &str = "theme=dark; _ga=GA1.1.1729013370.1763978403; session=eyJ1c2VyIjo0MjF9.aSQwYw.Vq3hJ0mXo6yqk1Tn8cWZ5bGfR2E; consent=1";

/// What answers it.
const ANSWER: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

const HOSTS: Value = Value::Of(&[
    "example.com",
    "localhost:9001",
    "chat.example.com",
    "api-eu-west-1.internal.example.net:8443",
    "192.0.2.17",
    "[2001:db8::17]:8080",
    "push.notifications.example.org",
]);
const UPGRADES: Value = Value::Of(&["websocket", "WebSocket", "websocket, x-mux/2"]);
const CONNECTIONS: Value = Value::Of(&["Upgrade", "keep-alive, Upgrade", "upgrade", "Upgrade, HTTP2-Settings"]);
const KEYS: Value = Value::Id(24, 24);
const PROTOCOLS: Value =
    Value::Of(&["chat", "chat, superchat", "graphql-transport-ws", "mqtt", "v12.stomp, v11.stomp"]);
const EXTENSIONS: Value = Value::Of(&[
    "permessage-deflate",
    "permessage-deflate; client_max_window_bits",
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
]);
const ORIGINS: Value =
    Value::Of(&["https://example.com", "http://localhost:9001", "null", "https://app.staging.example.com:8443"]);
const AGENTS: Value = Value::Of(&[
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
]);

const SMALL_LINES: &[Line] = &[
    ("Host", HOSTS),
    ("Upgrade", UPGRADES),
    ("Connection", CONNECTIONS),
    ("Sec-WebSocket-Key", KEYS),
    ("Sec-WebSocket-Version", Value::Of(&["13"])),
];

const OPENING_LINES: &[Line] = &[
    ("Host", HOSTS),
    ("Upgrade", UPGRADES),
    ("Connection", CONNECTIONS),
    ("Sec-WebSocket-Key", KEYS),
    ("Origin", ORIGINS),
    ("Sec-WebSocket-Protocol", PROTOCOLS),
    ("Sec-WebSocket-Version", Value::Of(&["13"])),
];

const BROWSER_LINES: &[Line] = &[
    ("Host", HOSTS),
    ("Connection", CONNECTIONS),
    ("Pragma", Value::Of(&["no-cache"])),
    ("Cache-Control", Value::Of(&["no-cache", "max-age=0"])),
    ("User-Agent", AGENTS),
    ("Upgrade", UPGRADES),
    ("Origin", ORIGINS),
    ("Sec-WebSocket-Version", Value::Of(&["13"])),
    ("Accept-Encoding", Value::Of(&["gzip, deflate, br, zstd", "gzip, deflate", "identity"])),
    ("Accept-Language", Value::Of(&["en-US,en;q=0.9,de-DE;q=0.8,de;q=0.7", "de", "fr-CH, fr;q=0.9, en;q=0.8"])),
    ("Cookie", Value::Cookies(10, 120)),
    ("Sec-WebSocket-Key", KEYS),
    ("Sec-WebSocket-Extensions", EXTENSIONS),
    ("Sec-GPC", Value::Of(&["1"])),
    ("Sec-Fetch-Site", Value::Of(&["same-origin", "same-site", "cross-site"])),
    ("Sec-Fetch-Mode", Value::Of(&["websocket"])),
    ("Sec-Fetch-Dest", Value::Of(&["empty", "websocket"])),
];

const REQUEST_POOL: &[Line] = &[
    (
        "Accept",
        Value::Of(&["*/*", "application/json", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"]),
    ),
    ("Authorization", Value::Id(30, 160)),
    ("CDN-Loop", Value::Words(4, 20)),
    ("CF-Connecting-IP", Value::Of(&["192.0.2.1", "2001:db8::8a2e:370:7334"])),
    ("CF-Ray", Value::Id(16, 20)),
    ("DNT", Value::Of(&["1"])),
    ("Forwarded", Value::Words(20, 70)),
    ("If-None-Match", Value::Id(8, 40)),
    ("Priority", Value::Of(&["u=1, i", "u=4"])),
    ("Referer", Value::Words(20, 90)),
    ("Sec-CH-UA", Value::Words(30, 80)),
    ("Sec-CH-UA-Mobile", Value::Of(&["?0", "?1"])),
    ("Sec-CH-UA-Platform", Value::Of(&["\"Linux\"", "\"Windows\"", "\"macOS\""])),
    ("Sec-Fetch-User", Value::Of(&["?1"])),
    ("TE", Value::Of(&["trailers"])),
    ("traceparent", Value::Id(55, 55)),
    ("tracestate", Value::Words(10, 60)),
    ("User-Agent", Value::Words(6, 40)),
    ("Via", Value::Words(8, 30)),
    ("X-Amzn-Trace-Id", Value::Id(30, 60)),
    ("X-B3-TraceId", Value::Id(32, 32)),
    ("X-CSRF-Token", Value::Id(20, 60)),
    ("X-Forwarded-For", Value::Of(&["192.0.2.1", "192.0.2.1, 198.51.100.7", "2001:db8::1, 10.0.0.1, 10.0.0.2"])),
    ("X-Forwarded-Host", Value::Id(8, 30)),
    ("X-Forwarded-Proto", Value::Of(&["https", "wss"])),
    ("X-Real-IP", Value::Of(&["192.0.2.1", "198.51.100.77"])),
    ("X-Request-ID", Value::Id(20, 36)),
    ("X-Requested-With", Value::Of(&["XMLHttpRequest"])),
];

const ANSWER_LINES: &[Line] =
    &[("Sec-WebSocket-Accept", Value::Id(28, 28)), ("Upgrade", UPGRADES), ("Connection", CONNECTIONS)];

const ANSWER_POOL: &[Line] = &[
    ("CF-RAY", Value::Id(16, 20)),
    ("Date", Value::Of(&["Tue, 25 Nov 2025 11:20:13 GMT"])),
    ("NEL", Value::Words(10, 40)),
    ("Sec-WebSocket-Extensions", EXTENSIONS),
    ("Sec-WebSocket-Protocol", PROTOCOLS),
    ("Server", Value::Of(&["nginx", "cloudflare", "Python/3.13 websockets/15.0"])),
    ("Set-Cookie", Value::Cookies(10, 60)),
    ("Strict-Transport-Security", Value::Of(&["max-age=31536000", "max-age=63072000; includeSubDomains"])),
    ("Vary", Value::Of(&["Origin", "Accept-Encoding"])),
    ("Via", Value::Words(6, 20)),
    ("X-Request-ID", Value::Id(20, 36)),
];
