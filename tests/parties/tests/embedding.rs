//! The guide `docs/embedding.md` shows nothing but what CI drives.

use std::{fs, path::Path};

/// Each of its snippets stands in a file of this package, or of the example that hands over, but for the depth at which it is indented.
#[test]
fn snippets_are_those_of_the_package() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in
        ["", "src", "src/bin", "../../crates/tokio/examples/tokio_hand_over"].map(|folder| package.join(folder))
    {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                files.push(unindented(&fs::read_to_string(path).unwrap()));
            }
        }
    }

    let guide = fs::read_to_string(package.join("../../docs/embedding.md")).unwrap();
    let mut count = 0;
    // Text, language and snippet, text, language and snippet, ...
    for block in guide.split("```").skip(1).step_by(2) {
        let (language, snippet) = block.split_once('\n').unwrap();
        if language == "console" {
            continue;
        }
        let snippet = unindented(snippet);
        assert!(files.iter().any(|file| file.contains(&snippet)), "not in the package, or not any more:\n{snippet}");
        count += 1;
    }
    assert!(count >= 6, "{count} snippets");
}

fn unindented(text: &str) -> String {
    text.lines().map(|line| line.trim().to_owned() + "\n").collect()
}
