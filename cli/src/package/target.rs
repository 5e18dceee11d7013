//! What the package of each target consists of.

use clap::ValueEnum;

/// Where packages run.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum PackageTarget {
    /// Huawei `FunctionGraph`: a ZIP for each function.
    Functiongraph,
    /// A machine with systemd: one tar.
    Machine,
    /// AWS Lambda: a ZIP for each function.
    Lambda,
    /// Vercel: one folder that `vercel deploy --prebuilt` uploads, and a tar of it.
    Vercel,
}

/// A function in a package of its own.
pub struct PackagedFunction {
    /// The program's name.
    pub name: &'static str,
    /// What leads to it.
    pub place: &'static str,
}

/// The functions that a seller may deploy on a function platform. The door answers every call of the
/// base interface, so the functions with one activity are not among them.
pub const FUNCTIONS: &[PackagedFunction] = &[
    PackagedFunction { name: "receive", place: "the production address, and /" },
    PackagedFunction { name: "relay", place: "a timer of one minute" },
    PackagedFunction {
        name: "app-info",
        place: "PUT /instances/{instanceId}/app-info, if you have a product",
    },
    PackagedFunction {
        name: "usage",
        place: "POST /usage and PUT /instances/{instanceId}/usage-info, if a listing is pay-per-use",
    },
    PackagedFunction { name: "tenant-sync", place: "tenantSync of the kit" },
    PackagedFunction { name: HOLDS_RSA_KEY, place: "applicationSync of the kit" },
    PackagedFunction { name: "auth-sync", place: "authSync of the kit" },
    PackagedFunction { name: "single-org-sync", place: "singleOrgSync of the kit" },
    PackagedFunction { name: "all-org-sync", place: "allOrgSync of the kit" },
];

/// The function that alone decrypts with the kit's private keys, and alone links OpenSSL.
pub const HOLDS_RSA_KEY: &str = "application-sync";
/// The file of the sealed private keys in its package.
pub const SEALED_KEYS: &str = "rsa-private-key.sealed";

/// The program in a function's folder on Vercel, and the settings beside it.
pub const VERCEL_PROGRAM: &str = "executable";
pub const VERCEL_SETTINGS: &str = ".vc-config.json";

/// The files of a machine's package: in the project, and in the package.
pub const MACHINE_FILES: [(&str, &str); 10] = [
    ("deploy/machine/koohook@.service", "systemd/koohook@.service"),
    ("deploy/machine/koohook@.service.d", "systemd/koohook@.service.d"),
    ("deploy/machine/commands.sh", "systemd/commands.sh"),
    ("deploy/machine/nginx.conf", "nginx/koohook.conf"),
    ("deploy/machine/Caddyfile", "caddy/Caddyfile"),
    ("docs", "docs"),
    ("README.md", "README.md"),
    ("README.zh-CN.md", "README.zh-CN.md"),
    ("CHANGELOG.md", "CHANGELOG.md"),
    ("LICENSE", "LICENSE"),
];
/// Where the machine's package goes.
pub const MACHINE_PLACE: &str = "a machine with systemd; unpack it below /opt";

impl PackageTarget {
    /// The builds of cargo: its arguments behind the profile. `application-sync` has its own: in one
    /// build with the others, every function would link OpenSSL.
    pub fn builds(self) -> Vec<Vec<String>> {
        let Some(feature) = self.feature() else {
            return vec![["-p", "koohook", "--bin", "koohook"].map(str::to_owned).to_vec()];
        };
        let (with, without): (Vec<_>, Vec<_>) =
            FUNCTIONS.iter().partition(|function| function.name == HOLDS_RSA_KEY);
        vec![
            build_of(feature.to_owned(), &without),
            build_of(format!("{feature},{HOLDS_RSA_KEY}"), &with),
        ]
    }

    /// The feature of the package `functions` for a function platform.
    const fn feature(self) -> Option<&'static str> {
        match self {
            Self::Functiongraph => Some("functiongraph"),
            Self::Lambda => Some("aws"),
            Self::Vercel => Some("vercel"),
            Self::Machine => None,
        }
    }

    /// The folder of the packages below that of all packages.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Functiongraph => "functiongraph",
            Self::Lambda => "lambda",
            Self::Vercel => "vercel",
            Self::Machine => "",
        }
    }

    /// What the programs contain.
    pub const fn contents(self) -> &'static str {
        match self {
            Self::Functiongraph => {
                "plain HTTP, FunctionGraph's timer, Redis; application-sync also OpenSSL"
            }
            Self::Lambda => "Lambda's runtime, DynamoDB; application-sync also OpenSSL",
            Self::Vercel => "Vercel's runtime, Redis; application-sync also OpenSSL",
            Self::Machine => "plain HTTP, the relay, SQLite, Redis, DynamoDB, OpenSSL",
        }
    }

    /// What to do with the packages.
    pub const fn next(self) -> &'static str {
        match self {
            Self::Functiongraph => "docs/deploy/functiongraph.md, the step after the packages",
            Self::Lambda => "docs/deploy/aws.md, the step after the packages",
            Self::Vercel => "docs/deploy/vercel.md, the step after the package",
            Self::Machine => "docs/deploy/machine.md, the step after the package",
        }
    }
}

/// A build names its programs: linking one takes long, and the functions with one activity have no
/// package.
fn build_of(features: String, functions: &[&PackagedFunction]) -> Vec<String> {
    let mut arguments = ["-p", "functions", "--no-default-features"].map(str::to_owned).to_vec();
    arguments.push(format!("--features={features}"));
    arguments.extend(functions.iter().map(|function| format!("--bin={}", function.name)));
    arguments
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_packaged_function_is_built_once() {
        let built = PackageTarget::Lambda.builds().concat();
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
