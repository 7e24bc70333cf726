//! An extension that is made up, and what two sides agree on.

use switchover_handshake::header::Step;
use switchover_handshake::header::names::SEC_WEBSOCKET_EXTENSIONS;
use switchover_handshake::header::value::Parameters;
use switchover_handshake::{
    Agreement, Answer, Choice, ClientHandshake, Extension, ExtensionFault, ExtensionParameter, Offer, ParameterList,
    Request, ReservedBits, ServerHandshake,
};

use crate::common::{Head, NONCE, Served, response_field, serve};

/// An extension with one parameter, a level that has to be there: the server answers the smaller one of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) name: &'static str,
    pub(crate) bits: ReservedBits,
    /// A client offers all of them, a server has the largest.
    pub(crate) levels: Vec<u8>,
}

pub(crate) const LEVEL: ExtensionParameter =
    ExtensionParameter { name: "level", section: "the made-up standard, section 7" };

impl Level {
    pub(crate) fn new(name: &'static str, bits: ReservedBits, levels: impl Into<Vec<u8>>) -> Self {
        Self { name, bits, levels: levels.into() }
    }

    pub(crate) fn read(parameters: Parameters<'_>) -> Result<u8, ExtensionFault> {
        let mut level = None;
        for parameter in parameters {
            if parameter.name != LEVEL.name {
                return Err(ExtensionFault::UnknownParameter);
            }
            let value = parameter.value.ok_or(ExtensionFault::Value(&LEVEL))?;
            let digits: String = value.unescaped().map(char::from).collect();
            if level.replace(digits.parse().map_err(|_| ExtensionFault::Value(&LEVEL))?).is_some() {
                return Err(ExtensionFault::RepeatedParameter(&LEVEL));
            }
        }
        level.ok_or(ExtensionFault::MissingParameter(&LEVEL))
    }
}

impl Extension for Level {
    fn name(&self) -> &'static str {
        self.name
    }

    fn reserved_bits(&self) -> ReservedBits {
        self.bits
    }

    fn answer(&self, offered: Parameters<'_>) -> Option<ParameterList> {
        let level = Self::read(offered).ok()?.min(*self.levels.iter().max()?);
        Some(ParameterList::new().value(LEVEL.name, level))
    }

    fn offers(&self) -> Vec<ParameterList> {
        self.levels.iter().map(|level| ParameterList::new().value(LEVEL.name, level)).collect()
    }

    fn judge(&self, answered: Parameters<'_>) -> Result<ParameterList, ExtensionFault> {
        let level = Self::read(answered.clone())?;
        match self.levels.iter().any(|offered| level <= *offered) {
            true => Ok(answered.into()),
            false => Err(ExtensionFault::TooLarge(&LEVEL)),
        }
    }
}

pub(crate) fn level(levels: impl Into<Vec<u8>>) -> Level {
    Level::new("x-level", ReservedBits::RSV3, levels)
}

pub(crate) fn request(list: &str) -> Head {
    Head::request().line(SEC_WEBSOCKET_EXTENSIONS, list)
}

pub(crate) fn response(list: &str) -> Head {
    Head::response().line(SEC_WEBSOCKET_EXTENSIONS, list)
}

pub(crate) fn choice<const N: usize>(extensions: [Level; N]) -> Choice {
    extensions.into_iter().fold(Choice::new(), |choice, extension| choice.extension(extension).unwrap())
}

/// The field in the answer, and what is agreed.
pub(crate) fn answered(request: &Head, choice: &Choice) -> (Option<String>, Agreement) {
    match serve(request, choice) {
        Served::Accepted { answer, agreement, .. } => {
            let mut lines = response_field(&answer, SEC_WEBSOCKET_EXTENSIONS);
            assert!(lines.len() <= 1, "RFC 6455, section 11.3.2");
            (lines.pop(), agreement)
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) fn listed(agreement: &Agreement) -> Vec<(&str, String)> {
    let extensions = agreement.extensions();
    extensions.map(|extension| (extension.name, ParameterList::from(extension.parameters).to_string())).collect()
}

/// What a client that makes this offer and a server that makes this choice agree on.
pub(crate) fn agree(offer: &Offer, choice: &Choice) -> Agreement {
    let (mut asked, mut answer) = (Vec::new(), Vec::new());
    let mut client = ClientHandshake::new(offer, NONCE, &mut asked).unwrap();
    let mut server = ServerHandshake::default();
    let Ok(Step::Done { value: Request::WebSocket(proposal), .. }) = server.receive(&asked) else { panic!() };
    let agreement = proposal.accept(choice, &mut answer).unwrap();
    match client.receive(&answer) {
        Ok(Step::Done { value: Answer::Accepted { agreement: theirs, .. }, .. }) => {
            assert_eq!(theirs, agreement);
        }
        other => panic!("{other:?}"),
    }
    agreement
}
