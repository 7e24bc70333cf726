//! What the two sides make of a list of extensions (RFC 6455, sections 4.1, 4.2.2 and 9.1).

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;

use switchover_header::names::SEC_WEBSOCKET_EXTENSIONS;
use switchover_header::value::{self, Parameterized, ValueError, is_token};

use super::{Extension, ExtensionFault, ParameterList, ReservedBits};
use crate::{HandshakeError, LocalError};

/// The extensions that one side is willing to speak, each name there once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extensions(Vec<Arc<dyn Registered>>);

/// What was agreed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// The elements in the order of nesting, as they stand in the field; empty if there is none.
    list: Box<str>,
    /// Those of all extensions, which share none.
    reserved_bits: ReservedBits,
}

impl Extensions {
    /// Adds one behind those already there.
    pub(crate) fn push(&mut self, extension: impl Extension + Eq + 'static) -> Result<(), LocalError> {
        if !is_token(extension.name().as_bytes()) {
            return Err(LocalError::Extension);
        }
        if self.find(extension.name()).is_some() {
            return Err(LocalError::RepeatedExtension);
        }
        self.0.push(Arc::new(extension));
        Ok(())
    }

    /// Adds one behind those already there, and what it offers to the value of the field in a request.
    pub(crate) fn push_offered(
        &mut self,
        extension: impl Extension + Eq + 'static,
        list: &mut String,
    ) -> Result<(), LocalError> {
        let (name, offers) = (extension.name(), extension.offers());
        self.push(extension)?;
        offers.iter().try_for_each(|parameters| push_element(list, name, parameters))
    }

    /// The server's answer: of each extension the first element that it does not decline, in the order of the client's
    /// preference (RFC 6455, section 9.1). What is not known here is ignored.
    pub(crate) fn answer<'o>(&self, offered: impl Iterator<Item = Parameterized<'o>>) -> Result<Agreed, LocalError> {
        let mut agreed = Draft::default();
        for element in offered {
            let Some(extension) = self.find(element.name) else { continue };
            if agreed.conflict(extension).is_some() {
                continue;
            }
            if let Some(parameters) = extension.answer(element.parameters) {
                agreed.push(extension, &parameters)?;
            }
        }
        Ok(agreed.finish())
    }

    /// The client's judgement of an answer: each element is that of an extension offered, there once (RFC 6455, section
    /// 4.1, last list, item 5).
    pub(crate) fn judge<'a>(
        &self,
        answered: impl Iterator<Item = Result<Parameterized<'a>, ValueError>>,
    ) -> Result<Agreed, HandshakeError> {
        let mut agreed = Draft::default();
        for element in answered {
            let element = element.map_err(|error| HandshakeError::Malformed(SEC_WEBSOCKET_EXTENSIONS, Some(error)))?;
            let extension = self.find(element.name).ok_or(HandshakeError::ExtensionNotOffered)?;
            let fail = |fault| HandshakeError::Extension(extension.name(), fault);
            agreed.conflict(extension).map_or(Ok(()), Err).map_err(fail)?;
            let parameters = extension.judge(element.parameters).map_err(fail)?;
            agreed.push(extension, &parameters).map_err(|_| fail(ExtensionFault::OwnParameter))?;
        }
        Ok(agreed.finish())
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn find(&self, name: &str) -> Option<&dyn Registered> {
        self.0.iter().map(|extension| &**extension).find(|extension| extension.name() == name)
    }
}

impl PartialEq for Extensions {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(|(one, other)| one.is_same(&**other))
    }
}

impl Eq for Extensions {}

impl Agreed {
    /// The value of the field in the answer; empty if it is left out.
    pub(crate) fn list(&self) -> &str {
        &self.list
    }

    /// The elements.
    pub(crate) fn elements(&self) -> impl Iterator<Item = Parameterized<'_>> + Clone {
        elements(&self.list)
    }

    /// The bits that the extensions use.
    pub(crate) fn reserved_bits(&self) -> ReservedBits {
        self.reserved_bits
    }
}

/// An extension that compares to others of any type.
trait Registered: Extension + Any {
    fn is_same(&self, other: &dyn Registered) -> bool;
}

impl<E: Extension + Eq + 'static> Registered for E {
    fn is_same(&self, other: &dyn Registered) -> bool {
        (other as &dyn Any).downcast_ref::<E>() == Some(self)
    }
}

/// An [`Agreed`] in the making.
#[derive(Default)]
struct Draft {
    list: String,
    reserved_bits: ReservedBits,
}

impl Draft {
    /// Why this extension cannot be agreed beside those that are.
    fn conflict(&self, extension: &dyn Registered) -> Option<ExtensionFault> {
        if elements(&self.list).any(|element| element.name == extension.name()) {
            return Some(ExtensionFault::Repeated);
        }
        extension.reserved_bits().intersects(self.reserved_bits).then_some(ExtensionFault::ReservedBits)
    }

    fn push(&mut self, extension: &dyn Registered, parameters: &ParameterList) -> Result<(), LocalError> {
        push_element(&mut self.list, extension.name(), parameters)?;
        self.reserved_bits = self.reserved_bits | extension.reserved_bits();
        Ok(())
    }

    fn finish(self) -> Agreed {
        Agreed { list: self.list.into(), reserved_bits: self.reserved_bits }
    }
}

/// The elements of a list that was written here.
fn elements(list: &str) -> impl Iterator<Item = Parameterized<'_>> + Clone {
    let line = (!list.is_empty()).then_some(list.as_bytes());
    value::list_of(line, value::extension).filter_map(Result::ok)
}

fn push_element(list: &mut String, name: &str, parameters: &ParameterList) -> Result<(), LocalError> {
    let parameters = parameters.as_str()?;
    let separator = if list.is_empty() { "" } else { ", " };
    // Most often there is one element, and the list is kept: room for what is needed.
    list.reserve_exact(separator.len() + name.len() + parameters.len());
    list.extend([separator, name, parameters]);
    Ok(())
}
