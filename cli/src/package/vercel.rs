//! Vercel's Build Output API, version 3: a folder for each function, and the routes that lead to them.
//!
//! A route chooses a function. It changes neither the path nor the query: the signature of a call is
//! over them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use shell::endpoint::{app_info, callbacks, usage};
use shell::time_limits::VERCEL_RELAY;

use super::archive::{self, Member};
use super::extra::Extra;
use super::target::{
    self, PackagedFunction, VERCEL_PROGRAM as PROGRAM, VERCEL_SETTINGS as SETTINGS,
};
use super::{Made, Parts, length, unwritable};
use crate::error::CommandError;

/// The folder that `vercel deploy --prebuilt` reads, below the folder of the project.
const OUTPUT: &str = ".vercel/output";
/// Where Vercel puts the files of a function.
const CODE: &str = "/var/task";
/// How much longer a function may run than koohook takes: for its start.
const MARGIN: Duration = Duration::from_secs(5);

/// Writes the folder of the project, and an archive of it.
///
/// # Errors
/// If a program cannot be read, or a file not be written.
pub fn make(parts: &Parts<'_>, out: &Path) -> Result<Vec<Made>, CommandError> {
    let config = text(&config())?;
    let mut members = vec![Member::plain(&format!("{OUTPUT}/config.json"), config)];
    let project = out.join(target::PackageTarget::Vercel.folder());
    let (mut made, mut programs) = (Vec::new(), 0);
    for function in target::FUNCTIONS {
        let program = parts.program(function.name)?;
        let size = length(&program);
        programs += size;
        let below = format!("{OUTPUT}/functions/{}.func", function.name);
        made.push(Made { path: project.join(&below), sizes: [size; 2], place: function.place });
        let settings = text(&settings(function, parts.extra))?;
        let beside = parts.beside(function, &program)?;
        let own = [Member::program(PROGRAM, program), Member::plain(SETTINGS, settings)];
        members.extend(own.into_iter().chain(beside).map(|it| it.below(&below)));
    }
    write(&project, &members)?;
    let name = format!("koohook-{}-vercel", env!("CARGO_PKG_VERSION"));
    let archive = out.join(format!("{name}.tar.gz"));
    archive::write_tar(&archive, &name, members)?;
    made.push(Made::new(archive, programs, "the same files, for another machine")?);
    Ok(made)
}

/// Writes the folder, and replaces an older one when the new one is complete. What Vercel's own command
/// keeps beside it stays.
fn write(project: &Path, members: &[Member]) -> Result<(), CommandError> {
    let [part, old, place] = ["part", "old", OUTPUT].map(|name| project.join(name));
    for stale in [&part, &old] {
        remove(stale)?;
    }
    archive::write_folder(&part, members)?;
    let moved = fs::create_dir_all(project.join(".vercel"));
    let moved = moved.and_then(|()| if place.exists() { fs::rename(&place, &old) } else { Ok(()) });
    let moved = moved.and_then(|()| fs::rename(part.join(OUTPUT), &place));
    moved.map_err(|fault| unwritable(&place, &fault))?;
    remove(&old)?;
    remove(&part)
}

fn remove(folder: &Path) -> Result<(), CommandError> {
    if !folder.exists() {
        return Ok(());
    }
    fs::remove_dir_all(folder).map_err(|fault| unwritable(folder, &fault))
}

/// What Vercel must know about the deployment.
fn config() -> Value {
    let mut routes: Vec<_> = ROUTES.iter().map(|(path, function)| route(path, function)).collect();
    // A stranger's path starts no function.
    routes.push(json!({ "src": "^/.*$", "status": 404 }));
    let every_minute = json!([{ "path": "/relay", "schedule": "* * * * *" }]);
    json!({ "version": 3, "routes": routes, "crons": every_minute })
}

fn route(path: &str, function: &str) -> Value {
    json!({ "src": path, "dest": format!("/{function}"), "caseSensitive": true })
}

/// What Vercel must know about a function.
fn settings(function: &PackagedFunction, extra: &Extra) -> Value {
    let mut settings = json!({
        "handler": PROGRAM,
        "runtime": "executable",
        "runtimeLanguage": "rust",
        "architecture": "x86_64",
        "supportsResponseStreaming": true,
        "maxDuration": longest(function.name).as_secs(),
    });
    // All functions have the variables of the project, but only this one has the file.
    if extra.has_rsa_key() && function.name == target::HOLDS_RSA_KEY {
        let path = format!("{CODE}/{}", target::SEALED_KEYS);
        let environment = json!({ "KOOHOOK_RSA_PRIVATE_KEY_FILE": path });
        if let Some(members) = settings.as_object_mut() {
            members.insert("environment".to_owned(), environment);
        }
    }
    settings
}

/// How long a function may run.
fn longest(function: &str) -> Duration {
    match function {
        "relay" => VERCEL_RELAY,
        "usage" => usage::BUDGET + MARGIN,
        "app-info" => app_info::BUDGET + MARGIN,
        _ => callbacks::BUDGET + MARGIN,
    }
}

fn text(value: &Value) -> Result<Vec<u8>, CommandError> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|fault| format!("{SETTINGS}: cannot be written ({fault})"))?;
    text.push(b'\n');
    Ok(text)
}

/// The paths of the calls, as regular expressions, and their functions. One slash at the end of a
/// callback's path is tolerated (decision A1).
const ROUTES: [(&str, &str); 10] = [
    (r"^/(?:healthz)?$", "receive"),
    (r"^/saasproduce/?$", "receive"),
    (r"^/saasproduce/produceAPI/(?:v2/)?tenantSync/?$", "tenant-sync"),
    (r"^/saasproduce/produceAPI/(?:v2/)?applicationSync/?$", "application-sync"),
    (r"^/saasproduce/produceAPI/(?:v2/)?authSync/?$", "auth-sync"),
    (r"^/saasproduce/produceAPI/(?:v2/)?singleOrgSync/?$", "single-org-sync"),
    (r"^/saasproduce/produceAPI/(?:v2/)?allOrgSync/?$", "all-org-sync"),
    (r"^/instances/[^/]+/app-info$", "app-info"),
    (r"^/usage$|^/instances/[^/]+/usage-info$", "usage"),
    (r"^/relay$", "relay"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_leads_to_every_function() {
        for function in target::FUNCTIONS {
            let routed = ROUTES.iter().any(|(_, name)| *name == function.name);
            assert!(routed, "{}", function.name);
        }
    }
}
