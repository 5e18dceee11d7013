//! The bill of materials of a program (SBOM), as `CycloneDX` 1.6 describes it. A scanner reads it to find the
//! advisories for what is in the program.

use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Builder;

use super::components::{Component, Components, Origin};
use crate::error::CommandError;

/// The program that the document is about.
pub struct Program<'a> {
    /// The program's name.
    pub name: &'a str,
    /// The file.
    pub bytes: &'a [u8],
    /// The commit of its source, if it is known.
    pub commit: Option<&'a str>,
}

/// Writes the document. It depends on the program and its components alone, so it has no time.
///
/// # Errors
/// If it cannot be written as JSON.
pub fn document(program: &Program<'_>, components: &Components) -> Result<Vec<u8>, CommandError> {
    let content = Content {
        metadata: About { lifecycles: [Lifecycle { phase: "build" }], component: root(program) },
        components: listed(components),
        dependencies: edges(program, components),
    };
    let document = Document {
        schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: serial_number(&serde_json::to_vec(&content)?),
        version: 1,
        content,
    };
    let mut text = serde_json::to_vec_pretty(&document)?;
    text.push(b'\n');
    Ok(text)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    serial_number: String,
    /// The version of the document itself.
    version: u8,
    #[serde(flatten)]
    content: Content,
}

#[derive(Serialize)]
struct Content {
    metadata: About,
    components: Vec<Described>,
    dependencies: Vec<Edge>,
}

#[derive(Serialize)]
struct About {
    lifecycles: [Lifecycle; 1],
    component: Described,
}

#[derive(Serialize)]
struct Lifecycle {
    phase: &'static str,
}

/// A component as the document has it.
#[derive(Default, Serialize)]
struct Described {
    r#type: &'static str,
    #[serde(rename = "bom-ref")]
    reference: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'static str>,
    name: String,
    version: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
    licenses: Vec<Licence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpe: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Hash {
    alg: &'static str,
    content: String,
}

#[derive(Serialize)]
struct Licence {
    expression: String,
}

#[derive(Serialize)]
struct Property {
    name: &'static str,
    value: String,
}

/// What one component needs.
#[derive(Eq, Ord, PartialEq, PartialOrd, Serialize)]
struct Edge {
    r#ref: String,
    #[serde(rename = "dependsOn")]
    needs: Vec<String>,
}

/// The program itself. Its version and its hash say which one it is.
fn root(program: &Program<'_>) -> Described {
    let commit = program.commit.map(str::to_owned);
    Described {
        r#type: "application",
        reference: program_reference(program),
        name: program.name.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        hashes: vec![sha256(hex::encode(Sha256::digest(program.bytes)))],
        licenses: vec![Licence { expression: "Apache-2.0".to_owned() }],
        properties: commit.map(|value| Property { name: COMMIT, value }).into_iter().collect(),
        ..Described::default()
    }
}

fn listed(components: &Components) -> Vec<Described> {
    let mut listed: Vec<_> = components.0.iter().map(described).collect();
    listed.sort_by(|one, other| one.reference.cmp(&other.reference));
    listed
}

fn described(component: &Component) -> Described {
    let reference = reference(component);
    let described = Described {
        r#type: "library",
        reference: reference.clone(),
        name: component.name.clone(),
        version: component.version.clone(),
        licenses: vec![Licence { expression: component.licence.clone() }],
        ..Described::default()
    };
    match &component.origin {
        // Other crates in the registry have these names, so a package URL would be wrong.
        Origin::Koohook => Described { group: Some("koohook"), ..described },
        Origin::Registry(sum) => {
            let hashes = sum.iter().cloned().map(sha256).collect();
            Described { purl: Some(reference), hashes, ..described }
        }
        Origin::Native(cpe) => {
            let cpe = format!("cpe:2.3:a:{cpe}:{}:*:*:*:*:*:*:*", component.version);
            Described { purl: Some(reference), cpe: Some(cpe), ..described }
        }
    }
}

fn sha256(content: String) -> Hash {
    Hash { alg: "SHA-256", content }
}

fn edges(program: &Program<'_>, components: &Components) -> Vec<Edge> {
    let edge = |component: &Component| {
        let needed = component.needs.iter().filter_map(|place| components.0.get(*place));
        let mut needs: Vec<_> = needed.map(reference).collect();
        needs.sort();
        Edge { r#ref: reference(component), needs }
    };
    let mut edges: Vec<_> = components.0.iter().map(edge).collect();
    let package = components.0.first().map(reference).into_iter().collect();
    edges.push(Edge { r#ref: program_reference(program), needs: package });
    edges.sort();
    edges
}

/// The name of a component in the document. For a crate it is its package URL.
fn reference(component: &Component) -> String {
    let (name, version) = (&component.name, component.version.replace('+', "%2B"));
    let kind = match component.origin {
        Origin::Koohook => "koohook",
        Origin::Registry(_) => "pkg:cargo",
        Origin::Native(_) => "pkg:generic",
    };
    format!("{kind}/{name}@{version}")
}

fn program_reference(program: &Program<'_>) -> String {
    format!("program/{}", program.name)
}

/// A UUID of version 8 (RFC 9562): the first bits of the content's SHA-256.
fn serial_number(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    let first = digest.first_chunk::<16>().copied().unwrap_or_default();
    Builder::from_custom_bytes(first).into_uuid().urn().to_string()
}

/// The name of the property with the commit.
const COMMIT: &str = "koohook:commit";
