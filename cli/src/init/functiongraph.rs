//! The file of FunctionGraph: Terraform's variables that are secret, or follow from the contracts.

use serde_json::{Map, Value};

use super::Contract;
use super::answers::Answers;
use super::files::NewFiles;
use crate::error::CommandError;
use crate::generated;

/// The file that Terraform reads by itself.
///
/// # Errors
/// If no secret can be generated.
pub fn files(answers: &Answers) -> Result<NewFiles, CommandError> {
    let mut variables = Map::new();
    let mut missing = Vec::new();
    let mut key = |name: &str, key: &Option<String>, is_needed: bool| match key {
        Some(key) => Some((name.to_owned(), Value::from(key.as_str()))),
        None if is_needed => {
            missing.push(format!("the variable {name}: {CONSOLE}"));
            None
        }
        None => None,
    };
    variables.extend(key("base_key", &answers.base_key, true));
    variables.extend(key("kit_key", &answers.kit_key, answers.has(Contract::Kit)));
    variables.insert("seal_key".to_owned(), generated::seal_key()?.into());
    variables.insert("redis_password".to_owned(), redis_password()?.into());
    // This file wins over terraform.tfvars, so that a `false` here would hide a `true` there.
    for (name, contract) in [("kit", Contract::Kit), ("pay_per_use", Contract::Usage)] {
        if answers.has(contract) {
            variables.insert(name.to_owned(), true.into());
        }
    }
    if answers.has(Contract::Usage) {
        variables.insert("usage_cycle".to_owned(), "hourly".into());
    }
    if let Some(url) = &answers.product_url {
        variables.insert("product_url".to_owned(), url.as_str().into());
        let secret = format!("whsec_{}", generated::seal_key()?);
        variables.insert("product_secret".to_owned(), secret.into());
    }
    variables.extend(
        answers.app_info.as_ref().map(|text| ("app_info".to_owned(), text.as_str().into())),
    );
    let text = serde_json::to_string_pretty(&variables)?;
    let files = vec![("koohook.auto.tfvars.json".to_owned(), format!("{text}\n"))];
    Ok(NewFiles { files, missing, next: next(answers) })
}

/// DCS wants 8 to 32 characters of three classes: this text has capitals, small letters and digits.
fn redis_password() -> Result<String, CommandError> {
    let mut random = [0; 14];
    getrandom::fill(&mut random)?;
    Ok(format!("Rd1{}", hex::encode(random)))
}

fn next(answers: &Answers) -> [String; 3] {
    let package = if answers.has(Contract::Kit) {
        "koohook keys new --out application.pem && KOOHOOK_SEAL_KEY=$(jq -r .seal_key \\
    koohook.auto.tfvars.json) koohook keys pack application.pem && \\
    koohook package --target functiongraph --rsa-key rsa-private-key.sealed --out ../../dist"
    } else {
        "koohook package --target functiongraph --out ../../dist"
    };
    [
        package.to_owned(),
        "cp terraform.tfvars.example terraform.tfvars   # change its values; docs/deploy/functiongraph.md"
            .to_owned(),
        "terraform init && terraform plan".to_owned(),
    ]
}

const CONSOLE: &str = "the access key from the seller's console, 应用工具 > 密钥管理";
