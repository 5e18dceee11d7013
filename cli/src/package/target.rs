//! What the package of each target consists of.

use clap::ValueEnum;

/// Where packages run.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum PackageTarget {
    /// Huawei `FunctionGraph`: a ZIP for each function.
    Functiongraph,
    /// A machine with systemd: one tar.
    Machine,
}

/// A function in a package of its own.
pub struct PackagedFunction {
    /// The program's name.
    pub name: &'static str,
    /// Where it goes.
    pub place: &'static str,
}

/// The functions that a seller may deploy on `FunctionGraph`. The door answers every call of the base
/// interface, so the functions with one activity are not among them.
pub const FUNCTIONS: &[PackagedFunction] = &[
    PackagedFunction { name: "receive", place: "HTTP function at the production address and /" },
    PackagedFunction { name: "relay", place: "custom runtime, with a timer of one minute" },
    PackagedFunction {
        name: "app-info",
        place: "HTTP function at PUT /instances/{instanceId}/app-info; with a product",
    },
    PackagedFunction {
        name: "usage",
        place: "HTTP function at POST /usage and PUT /instances/{instanceId}/usage-info; pay-per-use",
    },
    PackagedFunction { name: "tenant-sync", place: "HTTP function of the kit: tenantSync" },
    PackagedFunction { name: HOLDS_RSA_KEY, place: "HTTP function of the kit: applicationSync" },
    PackagedFunction { name: "auth-sync", place: "HTTP function of the kit: authSync" },
    PackagedFunction { name: "single-org-sync", place: "HTTP function of the kit: singleOrgSync" },
    PackagedFunction { name: "all-org-sync", place: "HTTP function of the kit: allOrgSync" },
];

/// The function that alone decrypts with the kit's private keys, and alone links OpenSSL.
pub const HOLDS_RSA_KEY: &str = "application-sync";
/// The file of the sealed private keys in its package.
pub const SEALED_KEYS: &str = "rsa-private-key.sealed";

/// The files of a machine's package: in the project, and in the package.
pub const MACHINE_FILES: [(&str, &str); 9] = [
    ("deploy/machine/koohook@.service", "systemd/koohook@.service"),
    ("deploy/machine/koohook@.service.d", "systemd/koohook@.service.d"),
    ("deploy/machine/commands.sh", "systemd/commands.sh"),
    ("deploy/machine/nginx.conf", "nginx/koohook.conf"),
    ("deploy/machine/Caddyfile", "caddy/Caddyfile"),
    ("docs", "docs"),
    ("README.md", "README.md"),
    ("README.zh-CN.md", "README.zh-CN.md"),
    ("LICENSE", "LICENSE"),
];
/// Where the machine's package goes.
pub const MACHINE_PLACE: &str = "a machine with systemd; unpack it below /opt";

/// The build of the functions without OpenSSL. It names them: linking a program takes long, and the
/// functions with one activity have no package.
const WITHOUT_OPENSSL: &[&str] = &[
    "-p",
    "functions",
    "--no-default-features",
    "--features=functiongraph",
    "--bin=receive",
    "--bin=relay",
    "--bin=app-info",
    "--bin=usage",
    "--bin=tenant-sync",
    "--bin=auth-sync",
    "--bin=single-org-sync",
    "--bin=all-org-sync",
];
const WITH_OPENSSL: &[&str] = &[
    "-p",
    "functions",
    "--no-default-features",
    "--features=functiongraph,application-sync",
    "--bin=application-sync",
];

impl PackageTarget {
    /// The builds of cargo: its arguments behind the profile.
    pub const fn builds(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Functiongraph => &[WITHOUT_OPENSSL, WITH_OPENSSL],
            Self::Machine => &[&["-p", "koohook", "--bin", "koohook"]],
        }
    }

    /// What the programs contain.
    pub const fn features(self) -> &'static str {
        match self {
            Self::Functiongraph => {
                "plain HTTP, FunctionGraph's timer, Redis; application-sync also OpenSSL"
            }
            Self::Machine => "plain HTTP, the relay, SQLite, Redis, DynamoDB, OpenSSL",
        }
    }

    /// What to do with the packages.
    pub const fn next(self) -> &'static str {
        match self {
            Self::Functiongraph => "docs/deploy/functiongraph.md, the step after the packages",
            Self::Machine => "docs/deploy/machine.md, the step after the package",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_packaged_function_is_built_once() {
        let built = PackageTarget::Functiongraph.builds().concat();
        let mut built: Vec<_> =
            built.iter().filter_map(|argument| argument.strip_prefix("--bin=")).collect();
        let mut packaged: Vec<_> = FUNCTIONS.iter().map(|function| function.name).collect();
        built.sort_unstable();
        packaged.sort_unstable();
        assert_eq!(built, packaged);
    }

    #[test]
    fn every_packaged_function_and_file_exists() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for function in FUNCTIONS {
            let path = root.join("functions/src/bin").join(format!("{}.rs", function.name));
            assert!(path.is_file(), "{}", path.display());
        }
        for (path, _) in MACHINE_FILES {
            assert!(root.join(path).exists(), "{path}");
        }
    }
}
