"""Installations with made-up values, and installations that must be refused."""

import json


def secret(name, length=64):
    """A made-up secret that no other text contains."""
    return f"made-up-{name}-".ljust(length, "x")


def stored(name, member=None):
    """A setting that names a secret of AWS Secrets Manager."""
    arn = f"aws-secret:arn:aws:secretsmanager:eu-test-1:111122223333:secret:koohook/{name}-aBcDeF"
    return f"{arn}#{member}" if member else arn


APP_INFO = json.dumps({"frontEndUrl": "https://app.example.com/{instanceId}", "password": secret("template-password")})
# The least that a seller sets: no product, no kit.
MINIMAL = {"BaseKey": secret("base-key"), "SealKey": secret("seal-key", 44), "AppInfo": APP_INFO}
PRODUCT = {
    "BaseKey": secret("base-key"), "SealKey": secret("seal-key", 44),
    "ProductUrl": "https://app.example.com/hooks", "ProductSecret": "whsec_" + secret("product-secret", 88),
    "AlarmEmail": "operator@example.com", "Metrics": "emf",
}
# The private key has 3,072 bits.
KIT = {**MINIMAL, "Kit": "true", "KitKey": secret("kit-key"), "RsaPrivateKey": secret("rsa-key", 2600)}
# Without a product the kit's functions read the template, also from a secret.
STORED_KIT = {
    "BaseKey": stored("base"), "SealKey": stored("seal"), "AppInfo": stored("app-info"), "Kit": "true",
    "KitKey": stored("kit"), "RsaPrivateKey": stored("rsa"), "BasePath": "/market/place", "RelayTimer": "DISABLED",
}
# Everything, while every key is changed. Most secrets are values.
FULL = {
    **PRODUCT, **MINIMAL, "PayPerUse": "true", "Kit": "true", "SingleActivityFunctions": "true",
    "KitKey": secret("kit-key"), "RsaPrivateKey": stored("rsa"),
    "BaseKeyPrevious": secret("base-old"), "KitKeyPrevious": secret("kit-old"),
    "SealKeyPrevious": f"{secret('seal-old', 44)} {secret('seal-older', 44)}",
    "ProductCa": "-----BEGIN CERTIFICATE-----\nbWFkZS11cA==\n-----END CERTIFICATE-----\n",
    "OpenapiAk": secret("ak", 40), "OpenapiSk": secret("sk"), "UsageAksk": "also", "UsageCycle": "daily",
    "AlarmUrl": "https://oapi.example.com/robot?access_token=" + secret("robot-token"),
    "AlarmFormat": "dingtalk", "AlarmSecret": secret("robot"),
    "DomainName": "seller.example.com", "CertificateArn": "arn:aws:acm:eu-test-1:111122223333:certificate/made-up",
    "ReservedConcurrency": 20, "RestoredTable": "koohook-restored",
    "AlarmTopicArn": "arn:aws:sns:eu-test-1:111122223333:operators", "Architecture": "arm64",
}
# Every secret is in Secrets Manager, some in one secret with members.
STORED = {
    **FULL,
    "BaseKey": stored("base", "current"), "BaseKeyPrevious": stored("base", "previous"),
    "SealKey": stored("seal", "current"), "SealKeyPrevious": stored("seal", "previous"),
    "KitKey": stored("kit"), "KitKeyPrevious": stored("kit-old"), "RsaPrivateKey": stored("rsa"),
    "ProductSecret": stored("product"), "ProductCa": stored("authorities"), "AppInfo": stored("app-info"),
    "OpenapiAk": stored("api", "ak"), "OpenapiSk": stored("api", "sk"),
    "AlarmUrl": stored("robot", "url"), "AlarmSecret": stored("robot-sign"),
    "SecretKmsKeyArn": "arn:aws:kms:eu-test-1:111122223333:key/made-up",
}
INSTALLATIONS = {"minimal": MINIMAL, "product": PRODUCT, "kit": KIT, "stored kit": STORED_KIT, "full": FULL,
                 "stored": STORED}

# Each of these must be refused: the text is in the message.
INCOMPLETE = {
    "no access data": ({**MINIMAL, "AppInfo": ""}, "ProductUrl or AppInfo"),
    "a product without its secret": ({**PRODUCT, "ProductSecret": ""}, "Set ProductSecret"),
    "a product over http": ({**PRODUCT, "ProductUrl": "http://app.example.com"}, "ProductUrl must begin with https://"),
    "the kit without its key": ({**KIT, "KitKey": ""}, "Set KitKey"),
    "the kit with a short key": ({**KIT, "KitKey": "short"}, "KitKey must "),
    "the kit without its private key": ({**KIT, "RsaPrivateKey": ""}, "Set RsaPrivateKey"),
    "usage without a product": ({**MINIMAL, "PayPerUse": "true"}, "only a product reports usage"),
    "an API key without its secret": ({**MINIMAL, "OpenapiAk": "AK"}, "both OpenapiAk"),
    "a secret of an API key alone": ({**MINIMAL, "OpenapiSk": "SK"}, "both OpenapiAk"),
    "usage signed by no key": ({**MINIMAL, "UsageAksk": "also"}, "signs the usage"),
    "a robot's secret without a robot": ({**MINIMAL, "AlarmSecret": "x"}, "Set AlarmUrl"),
    "a secret for a robot that checks none": ({**FULL, "AlarmFormat": "slack"}, "Remove AlarmSecret"),
    "a domain without its certificate": ({**MINIMAL, "DomainName": "a.example.com"}, "both DomainName"),
    "a certificate without its domain": ({**FULL, "DomainName": ""}, "both DomainName"),
    "the ARN of a secret as a key": ({**MINIMAL, "BaseKey": stored("base").removeprefix("aws-secret:")},
                                     "BaseKey must have at least 16 characters. To name a secret, write aws-secret: in"),
    "a base path with a slash at its end": ({**MINIMAL, "BasePath": "/saas/"},
                                            "BasePath must be a path like /saasproduce"),
    "a base path that koohook uses itself": ({**MINIMAL, "BasePath": "/usage"},
                                             "It must not be one that koohook uses itself"),
    "metrics for Prometheus": ({**MINIMAL, "Metrics": "prometheus"}, "Metrics has a value that is not allowed"),
    "no base key": ({"SealKey": secret("seal-key", 44), "AppInfo": APP_INFO}, "BaseKey: is required"),
    "a parameter that does not exist": ({**MINIMAL, "Region": "x"}, "Region: does not exist"),
}
