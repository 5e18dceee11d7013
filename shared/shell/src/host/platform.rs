//! Finds the platform of the process by the variables that platforms set.

use std::ffi::OsString;

/// A platform.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Platform {
    /// AWS Lambda.
    Lambda,
    /// Vercel's functions.
    Vercel,
    /// Huawei FunctionGraph. Its HTTP functions are served over plain HTTP. A function with a timer
    /// gets its events from the custom runtime.
    FunctionGraph {
        /// The address of the custom runtime, if there is one.
        runtime: Option<String>,
    },
    /// Any other machine.
    Machine,
}

impl Platform {
    /// The platform of this process.
    pub fn here() -> Self {
        Self::of(|name| std::env::var_os(name))
    }

    fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        // Vercel runs functions on AWS Lambda, and may leave Lambda's variables in place.
        if VERCEL.iter().any(|name| variable(name).is_some()) {
            Self::Vercel
        } else if variable("AWS_LAMBDA_RUNTIME_API").is_some() {
            Self::Lambda
        } else if FUNCTION_GRAPH.iter().any(|name| variable(name).is_some()) {
            let runtime = variable(RUNTIME_API).and_then(|address| address.into_string().ok());
            Self::FunctionGraph { runtime }
        } else {
            Self::Machine
        }
    }

    /// Whether a file that the process writes is lost when its host ends.
    pub const fn loses_files(&self) -> bool {
        match self {
            Self::Lambda | Self::Vercel | Self::FunctionGraph { .. } => true,
            Self::Machine => false,
        }
    }

    /// Whether the host writes the names of headers in lower case. V1 needs the capitals of
    /// `Body-Sign`.
    pub const fn lowers_headers(&self) -> bool {
        match self {
            Self::Lambda | Self::Vercel => true,
            Self::FunctionGraph { .. } | Self::Machine => false,
        }
    }

    /// The feature with which a program is built for this platform.
    #[cfg(not(all(feature = "http", feature = "lambda", feature = "vercel")))]
    pub const fn feature(&self) -> &'static str {
        match self {
            Self::Lambda => "aws",
            Self::Vercel => "vercel",
            Self::FunctionGraph { .. } | Self::Machine => "functiongraph",
        }
    }
}

/// One of these is set in every function of Vercel.
const VERCEL: [&str; 2] = ["VERCEL", "VERCEL_IPC_PATH"];

/// The variable with the address of FunctionGraph's custom runtime.
const RUNTIME_API: &str = "RUNTIME_API_ADDR";
/// One of these is set in every function of FunctionGraph.
const FUNCTION_GRAPH: [&str; 3] = ["RUNTIME_FUNC_NAME", "RUNTIME_CODE_ROOT", RUNTIME_API];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(set: &[&str]) -> Platform {
        Platform::of(|name| set.contains(&name).then(|| OsString::from("127.0.0.1:8")))
    }

    #[test]
    fn each_platform_is_found_by_its_variables() {
        let runtime = Some("127.0.0.1:8".to_owned());
        let cases: [(&[&str], Platform); 9] = [
            (&[], Platform::Machine),
            (&["AWS_REGION", "PORT"], Platform::Machine),
            (&["AWS_LAMBDA_RUNTIME_API"], Platform::Lambda),
            (&["AWS_LAMBDA_RUNTIME_API", "VERCEL"], Platform::Vercel),
            (&["VERCEL"], Platform::Vercel),
            (&["AWS_LAMBDA_RUNTIME_API", "VERCEL_IPC_PATH"], Platform::Vercel),
            (&["RUNTIME_FUNC_NAME"], Platform::FunctionGraph { runtime: None }),
            (&["RUNTIME_CODE_ROOT"], Platform::FunctionGraph { runtime: None }),
            (&["RUNTIME_API_ADDR"], Platform::FunctionGraph { runtime }),
        ];
        for (set, platform) in cases {
            assert_eq!(of(set), platform, "{set:?}");
            assert_eq!(platform.loses_files(), platform != Platform::Machine, "{set:?}");
        }
    }
}
