//! The platforms whose packages are measured.

/// A platform.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PackagePlatform {
    /// Huawei `FunctionGraph`, with Redis.
    FunctionGraph,
    /// AWS Lambda, with `DynamoDB`.
    Lambda,
    /// Vercel, with Redis.
    Vercel,
}

impl PackagePlatform {
    /// All platforms.
    pub const ALL: [Self; 3] = [Self::FunctionGraph, Self::Lambda, Self::Vercel];

    /// The folder of its programs.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::FunctionGraph => "functiongraph",
            Self::Lambda => "lambda",
            Self::Vercel => "vercel",
        }
    }

    /// The smallest function. `is_timer`: a timer calls it.
    pub const fn hello(self, is_timer: bool) -> &'static str {
        match (self, is_timer) {
            (Self::FunctionGraph, false) => "constant-host",
            (Self::FunctionGraph, true) => "hello-timer",
            (Self::Lambda, false) => "hello-function",
            (Self::Lambda, true) => "hello-schedule",
            // Its timer is an HTTP request.
            (Self::Vercel, _) => "hello-vercel",
        }
    }

    /// The external store of its packages, for the figures.
    pub const fn store(self) -> &'static str {
        match self {
            Self::FunctionGraph | Self::Vercel => "Redis with TLS",
            Self::Lambda => "DynamoDB",
        }
    }
}
