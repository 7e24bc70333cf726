use core::fmt;

use super::{Comment, ValueError, ValueErrorKind, ows, split_token};

/// `name ["/" version]`: one element of `Upgrade` (RFC 9110, section 7.8) taken apart, for whoever
/// speaks protocols that have versions there; `websocket` has none. It is the product of `User-Agent`
/// and `Server` too (RFC 9110, section 10.1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product<'a> {
    /// The name, which compares case-insensitively.
    pub name: &'a str,
    /// The version, a token too.
    pub version: Option<&'a str>,
}

/// The form in which a field has it.
impl fmt::Display for Product<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.version.map_or(Ok(()), |version| write!(f, "/{version}"))
    }
}

/// What `User-Agent` and `Server` are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductOrComment<'a> {
    /// A product.
    Product(Product<'a>),
    /// A comment on the product before it.
    Comment(Comment<'a>),
}

/// Takes one list element apart into a protocol's name and version.
///
/// # Errors
/// Where one of the two is not a token; offsets are in `element`.
pub fn product(element: &[u8]) -> Result<Product<'_>, ValueError> {
    match split_product(element)? {
        (product, []) => Ok(product),
        (_, rest) => Err(ValueError::new(ValueErrorKind::Token, element.len() - rest.len())),
    }
}

/// The products and comments of a whole `User-Agent` or `Server` value, in order:
/// `product *( RWS ( product / comment ) )` (RFC 9110, sections 10.1.5 and 10.2.4).
#[must_use]
pub const fn products(value: &[u8]) -> Products<'_> {
    Products { value, next: Some(0) }
}

/// The iterator of [`products`]. It ends after an error.
#[derive(Clone, Debug)]
pub struct Products<'a> {
    value: &'a [u8],
    /// Offset behind what was given out last; `None` after the end or an error.
    next: Option<usize>,
}

impl<'a> Iterator for Products<'a> {
    type Item = Result<ProductOrComment<'a>, ValueError>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.next.take()?;
        if at > 0 && at == self.value.len() {
            return None;
        }
        Some(self.part(at).map(|(part, end)| {
            self.next = Some(end);
            part
        }))
    }
}

impl<'a> Products<'a> {
    /// The part behind `at`, and where it ends.
    fn part(&self, at: usize) -> Result<(ProductOrComment<'a>, usize), ValueError> {
        let behind = self.value.get(at..).unwrap_or_default();
        let space = ows(behind);
        // RWS stands before each part but the first.
        if (at > 0) != (space > 0) {
            return Err(ValueError::new(ValueErrorKind::Token, at));
        }
        let (_, part) = behind.split_at_checked(space).unwrap_or_default();
        let split = match part {
            [b'(', ..] if at > 0 => Comment::split(part).map(|(part, rest)| (ProductOrComment::Comment(part), rest)),
            _ => split_product(part).map(|(part, rest)| (ProductOrComment::Product(part), rest)),
        };
        let (part, rest) = split.map_err(|error| error.shifted(at + space))?;
        Ok((part, self.value.len() - rest.len()))
    }
}

/// The product at the front of `bytes`, and what is behind it.
pub(super) fn split_product(bytes: &[u8]) -> Result<(Product<'_>, &[u8]), ValueError> {
    let (name, rest) = split_token(bytes)?;
    let Some(rest) = rest.strip_prefix(b"/") else {
        return Ok((Product { name, version: None }, rest));
    };
    let (version, rest) = split_token(rest).map_err(|error| error.shifted(name.len() + 1))?;
    Ok((Product { name, version: Some(version) }, rest))
}
