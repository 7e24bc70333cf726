//! What holds for all offers and answers.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use switchover_handshake::header::names::SEC_WEBSOCKET_EXTENSIONS;
use switchover_handshake::{Agreement, ClientLimits, Deflate, EarlyData, HandshakeError};

use crate::common::deflate::{CMWB, CNCT, SMWB, SNCT, choice, offered, read, request, response};
use crate::common::{End, Head, Outcome, Served, ask_pieces, offer, response_field, serve_pieces};

prop_compose! {
    fn deflate()(
        one in 8..=15u8,
        other in 8..=15u8,
        peer in 8..=15u8,
        [no_own, no_peer, required] in any::<[bool; 3]>(),
    ) -> (Deflate, (u8, u8), u8, [bool; 3]) {
        let own = (one.min(other), one.max(other));
        let mut deflate = Deflate::new().own_windows(own.0..=own.1).unwrap().peer_window(peer).unwrap();
        if no_own {
            deflate = deflate.no_own_context_takeover();
        }
        if no_peer {
            deflate = deflate.no_peer_context_takeover();
        }
        if required {
            deflate = deflate.require_peer_window();
        }
        (deflate, own, peer, [no_own, no_peer, required])
    }
}

/// A parameter of permessage-deflate, good or bad.
fn parameter() -> impl Strategy<Value = (String, Option<String>)> {
    let bits = prop_oneof![4 => (8..=15u8).prop_map(|bits| bits.to_string()), 1 => "[0-9x]{1,3}"];
    prop_oneof![
        4 => Just((SNCT.name.to_owned(), None)),
        4 => Just((CNCT.name.to_owned(), None)),
        4 => bits.clone().prop_map(|bits| (SMWB.name.to_owned(), Some(bits))),
        4 => prop::option::of(bits.clone()).prop_map(|bits| (CMWB.name.to_owned(), bits)),
        1 => ("(server|client)_(no_context_takeover|max_window_bits)x?", prop::option::of(bits)),
    ]
}

/// Elements with their parameters.
fn elements() -> impl Strategy<Value = Vec<Vec<(String, Option<String>)>>> {
    vec(vec(parameter(), 0..4), 0..4)
}

/// An element as it is written, its values in one of the forms that mean the same.
fn write_element(parameters: &[(String, Option<String>)], form: &mut impl Iterator<Item = u8>) -> String {
    let mut element = "permessage-deflate".to_owned();
    let mut form = || form.next().unwrap_or_default();
    for (name, value) in parameters {
        element += [";", "; ", " ;", "\t; "][usize::from(form() % 4)];
        element += name;
        if let Some(value) = value {
            element += &match form() % 3 {
                0 => format!("={value}"),
                1 => format!("=\"{value}\""),
                _ => format!("=\"{}\"", value.chars().flat_map(|byte| ['\\', byte]).collect::<String>()),
            };
        }
    }
    element
}

fn serve_once(head: &Head, deflate: Deflate) -> (Option<String>, Agreement) {
    match serve_pieces(&[&head.to_bytes()], &choice(deflate), EarlyData::Keep) {
        Served::Accepted { answer, agreement, .. } => {
            (response_field(&answer, SEC_WEBSOCKET_EXTENSIONS).pop(), agreement)
        }
        other => panic!("{other:?}"),
    }
}

fn ask_once(deflate: Deflate, line: Option<&str>) -> Result<Agreement, HandshakeError> {
    let head = line.map_or(Head::response(), response);
    let offer = offer().extension(deflate).unwrap();
    match ask_pieces(&offer, ClientLimits::default(), &[&head.to_bytes()], End::Open).outcome {
        Outcome::Accepted { agreement, .. } => Ok(agreement),
        Outcome::Failed(error) => Err(error),
        other => panic!("{other:?}"),
    }
}

/// A parameter of an element without quotes: its value where it has one; the outer option says whether it is there.
fn get<'a>(element: &'a [(String, Option<String>)], name: &str) -> Option<Option<&'a str>> {
    element.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_deref())
}

/// Whether an element has only parameters that there are, each once and with a value that it can have.
fn is_valid(element: &[(String, Option<String>)], answer: bool) -> bool {
    let names: BTreeSet<_> = element.iter().map(|(name, _)| name).collect();
    let all = ["8", "9", "10", "11", "12", "13", "14", "15"];
    names.len() == element.len()
        && element.iter().all(|(name, value)| match (name.as_str(), value) {
            ("server_no_context_takeover" | "client_no_context_takeover", None) => true,
            ("server_max_window_bits" | "client_max_window_bits", Some(value)) => all.contains(&value.as_str()),
            ("client_max_window_bits", None) => !answer,
            _ => false,
        })
}

/// Whether `answer` is an answer to `offer`, both valid (RFC 7692, section 7.1).
fn is_answer(answer: &[(String, Option<String>)], offer: &[(String, Option<String>)]) -> bool {
    let bits = |value: Option<Option<&str>>| value.map(|value| value.map_or(15, |bits| bits.parse::<u8>().unwrap()));
    let windows = |name| (bits(get(answer, name)), bits(get(offer, name)));
    (get(answer, SNCT.name).is_some() || get(offer, SNCT.name).is_none())
        && match windows(SMWB.name) {
            (answered, Some(offered)) => answered.is_some_and(|answered| answered <= offered),
            (_, None) => true,
        }
        && match windows(CMWB.name) {
            (Some(answered), Some(offered)) => answered <= offered,
            (Some(_), None) => false,
            (None, _) => true,
        }
}

/// An element that was written without quotes, taken apart.
fn take_apart(element: &str) -> Vec<(String, Option<String>)> {
    let parameters = element.split("; ").skip(1).map(|parameter| match parameter.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => (parameter.to_owned(), None),
    });
    parameters.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Whatever a server answers to an offer, the client that made it accepts, and both know the same.
    #[test]
    fn both_sides_agree_on_the_same(
        (client, client_own, client_peer, [client_no_own, client_no_peer, client_requires]) in deflate(),
        (server, server_own, server_peer, [server_no_own, server_no_peer, server_requires]) in deflate(),
    ) {
        let offer = offer().extension(client).unwrap();
        let (line, agreed) = serve_once(&request(&[&offered(&offer)[0]]), server);
        let client_agreed = ask_once(client, line.as_deref()).unwrap();
        let told = client_own.0 <= 9;
        if told || client_own.1 == 15 {
            prop_assert_eq!(&client_agreed, &agreed);
        }
        let (Some(deflate), Some(client_deflate)) = (agreed.deflate(), client_agreed.deflate()) else {
            // Nobody declines without a reason: a window that one of them insists on.
            prop_assert_eq!(line, None);
            let cannot_keep_to_it = !told && server_peer < 15 || server_peer == 8 && client_own.1 > 8;
            prop_assert!(client_requires && client_peer < server_own.0 || server_requires && cannot_keep_to_it);
            return Ok(());
        };
        // A client that cannot be told its window keeps to one that the server does not know of.
        prop_assert_eq!(client_deflate.server, deflate.server);
        prop_assert_eq!(client_deflate.client.takeover, deflate.client.takeover);
        prop_assert!(client_deflate.client.window_bits <= deflate.client.window_bits);
        prop_assert_eq!(deflate.server.takeover, !(server_no_own || client_no_peer));
        prop_assert_eq!(deflate.client.takeover, !(client_no_own || server_no_peer));
        prop_assert!((server_own.0..=server_own.1).contains(&deflate.server.window_bits));
        prop_assert!((client_own.0..=client_own.1).contains(&client_deflate.client.window_bits));
        prop_assert!(!client_requires || deflate.server.window_bits <= client_peer);
        prop_assert!(!told || deflate.client.window_bits <= server_peer.max(9));
        prop_assert!(!server_requires || deflate.client.window_bits <= server_peer);
    }

    /// Quotes, white space, lines, empty elements: all of them mean the same. So does the order of the parameters.
    #[test]
    fn the_form_makes_no_difference(
        (deflate, ..) in deflate(),
        elements in elements(),
        form in vec(any::<u8>(), 0..40),
        rotated in 0..4usize,
    ) {
        let plain: Vec<_> = elements.iter().map(|element| write_element(element, &mut std::iter::empty())).collect();
        let plain_head = if plain.is_empty() { request(&[]) } else { request(&[&plain.join(",")]) };
        let (expected, agreed) = serve_once(&plain_head, deflate);

        let mut form = form.into_iter();
        let mut head = request(&[]);
        let mut line = String::new();
        for element in &elements {
            let mut element = element.clone();
            let by = rotated.min(element.len());
            element.rotate_left(by);
            line += &write_element(&element, &mut form);
            match form.next().unwrap_or_default() % 3 {
                0 => head = head.line(SEC_WEBSOCKET_EXTENSIONS, std::mem::take(&mut line)),
                1 => line += " , ,\t",
                _ => line += ",",
            }
        }
        if !line.is_empty() {
            head = head.line(SEC_WEBSOCKET_EXTENSIONS, line);
        }
        prop_assert_eq!(serve_once(&head, deflate), (expected, agreed));
    }

    /// The answer is one to the first offer that can be obeyed.
    #[test]
    fn a_server_answers_what_was_offered((deflate, own, peer, [.., required]) in deflate(), elements in elements()) {
        let plain: Vec<_> = elements.iter().map(|element| write_element(element, &mut std::iter::empty())).collect();
        let head = if plain.is_empty() { request(&[]) } else { request(&[&plain.join(",")]) };
        let obeyable = |element: &&Vec<(String, Option<String>)>| {
            is_valid(element, false)
                && get(element, SMWB.name).flatten().is_none_or(|bits| bits.parse::<u8>().unwrap() >= own.0)
                && (!required || match get(element, CMWB.name) {
                    None => peer == 15,
                    Some(offered) => peer > 8 || offered == Some("8"),
                })
        };
        match (serve_once(&head, deflate).0, elements.iter().find(obeyable)) {
            (None, None) => {}
            (Some(answer), Some(offer)) => {
                let answer = take_apart(&answer);
                prop_assert!(is_valid(&answer, true) && is_answer(&answer, offer));
            }
            (answer, offer) => prop_assert!(false, "{:?} to {:?}", answer, offer),
        }
    }

    /// A client takes the answers to its offers that it can obey, and no other.
    #[test]
    fn a_client_takes_what_answers_an_offer((deflate, own, ..) in deflate(), element in vec(parameter(), 0..4)) {
        let offers = offered(&offer().extension(deflate).unwrap());
        let offers: Vec<_> = offers[0].split(", ").map(take_apart).collect();
        let obeyable = get(&element, CMWB.name).flatten().and_then(|bits| bits.parse::<u8>().ok()).is_none_or(|bits| bits >= own.0);
        let expected = is_valid(&element, true) && obeyable && offers.iter().any(|offer| is_answer(&element, offer));
        let line = write_element(&element, &mut std::iter::empty());
        match ask_once(deflate, Some(&line)) {
            Ok(agreement) => {
                prop_assert!(expected);
                let agreed = agreement.deflate().unwrap();
                prop_assert!(agreed.client.window_bits <= own.1);
                prop_assert_eq!(agreed.server, read(&line.replace(';', "; ")).server);
            }
            Err(error) => {
                prop_assert!(!expected, "{}", error);
                prop_assert!(matches!(error, HandshakeError::Extension("permessage-deflate", _)));
                prop_assert!(error.section().starts_with("RFC 7692, section 7.1"));
            }
        }
    }

    /// An answer that is accepted is one of permessage-deflate, and no other ends in anything but an error.
    #[test]
    fn any_answer_is_judged(line in "(permessage-deflate|x)(; ?[a-z_]{0,8}(=[\"\\\\0-9]{0,4})?){0,3}(, ?permessage-deflate)?") {
        if let Ok(agreement) = ask_once(Deflate::new(), Some(&line)) {
            prop_assert!(agreement.deflate().is_some());
        }
    }
}
