"""Three installations with made-up values. The secrets are as long as they can reasonably be, so that the sizes are
those of the worst case."""

import json


def secret(name, length=64):
    """A made-up secret that no other text contains."""
    return f"made-up-{name}-".ljust(length, "x")


PLACE = {
    "domain": "seller.example.com",
    "certificate_file": "seller.example.com.pem",
    "certificate_key_file": "seller.example.com.key",
    "alarm_user": "operator",
    "alarm_emails": ["operator@example.com", "second@example.com"],
    "base_key": secret("base-key"),
    "seal_key": secret("seal-key", 44),
    # Each letter that must be percent-encoded takes three.
    "redis_password": "made-up?" + "/" * 24,
}
TEMPLATE = {
    "frontEndUrl": "https://app.example.com/" + "i" * 200 + "/{instanceId}",
    "adminUrl": "https://app.example.com/" + "a" * 200 + "/{instanceId}",
    "userName": "administrator",
    "password": secret("template-password"),
    "memo": "m" * 300,
}
KIT = {"kit": True, "kit_key": secret("kit-key")}

# No product: buyers get their access data from the template.
SMALL = {**PLACE, **KIT, "app_info": json.dumps(TEMPLATE)}
# A product in the VPC.
PRODUCT = {
    **PLACE,
    "product_url": "http://192.168.3.4:8080/hooks",
    "product_secret": "whsec_" + secret("product-secret", 88),
    "settings": {"KOOHOOK_PRODUCT_HTTP": "private"},
    "redis_tls": False,
    "redis_wait": False,
}
# Everything, while every key is changed.
FULL = {
    **PLACE, **KIT, **PRODUCT,
    "product_url": "https://app.example.com/" + "h" * 200,
    "product_secret": f"whsec_{secret('product-new', 88)} whsec_{secret('product-old', 88)}",
    "settings": {"KOOHOOK_ENCRYPT_TYPE": "2", "KOOHOOK_TIMESTAMP_UNIT": "milliseconds", "KOOHOOK_LOG": "info"},
    "app_info": json.dumps(TEMPLATE),
    "pay_per_use": True,
    "outbound": True,
    "base_key_previous": secret("base-old"),
    "kit_key_previous": secret("kit-old"),
    "seal_key_previous": f"{secret('seal-old', 44)} {secret('seal-older', 44)}",
    "openapi_ak": secret("ak", 40),
    "openapi_sk": secret("sk"),
    "redis_tls": True,
    "redis_wait": True,
    "alarm_url": "https://oapi.example.com/robot?access_token=" + secret("robot-token"),
    "alarm_format": "dingtalk",
    "alarm_secret": secret("robot"),
    "dingtalk_url": "https://oapi.example.com/robot?access_token=" + secret("dingtalk-token"),
    "dingtalk_secret": secret("dingtalk"),
    "feishu_url": "https://open.example.com/hook/" + secret("feishu-token"),
    "feishu_secret": secret("feishu"),
}
# What `koohook init` writes into koohook.auto.tfvars.json for everything. Terraform reads this file last.
INITIAL_NAMES = ("base_key", "kit_key", "seal_key", "redis_password", "product_secret", "product_url", "kit",
                 "pay_per_use")
INITIAL = {name: FULL[name] for name in INITIAL_NAMES}
INSTALLATIONS = {"small": SMALL, "product": PRODUCT, "full": FULL}

# Each of these must be refused: the text is in the message.
INCOMPLETE = {
    "no access data": ({**SMALL, "app_info": ""}, "product_url or app_info"),
    "a product without its secret": ({**PRODUCT, "product_secret": ""}, "product_secret"),
    "the kit without its key": ({**SMALL, "kit_key": ""}, "kit_key"),
    "usage without a way out": ({**FULL, "openapi_ak": "", "openapi_sk": "", "outbound": False}, "outbound"),
    "the order query without a way out": ({**SMALL, "openapi_ak": "AK", "openapi_sk": "SK"}, "outbound"),
    "an API key without its secret": ({**SMALL, "openapi_ak": "AK", "outbound": True}, "both openapi_ak"),
    "a secret of an API key alone": ({**SMALL, "openapi_sk": "SK", "outbound": True}, "both openapi_ak"),
    "a robot without a way out": ({**SMALL, "alarm_url": "https://robot.example.com/x"}, "outbound"),
    "a robot's format without a robot": ({**SMALL, "alarm_format": "slack"}, "Set alarm_url"),
    "a robot's secret without a robot": ({**SMALL, "alarm_secret": "x"}, "Set alarm_url"),
    "a secret for a robot that checks none": ({**FULL, "alarm_format": "slack"}, "Remove alarm_secret"),
    "a robot of an unknown kind": ({**FULL, "alarm_format": "teams"}, "The format must be"),
    "a secret as a plain setting": ({**SMALL, "settings": {"KOOHOOK_BASE_KEY": "x"}}, "Secrets"),
    "a plain setting of another program": ({**SMALL, "settings": {"PATH": "x"}}, "settings of koohook"),
    "a base path with a slash at its end": ({**SMALL, "base_path": "/saas/"}, "end with /"),
    "a base path that koohook serves": ({**SMALL, "base_path": "/usage"}, "koohook uses itself"),
    "a base path below the product's": ({**SMALL, "base_path": "/instances/x"}, "koohook uses itself"),
    "a base path that is resolved": ({**SMALL, "base_path": "/a/../b"}, "no part . or .."),
    "a short password": ({**SMALL, "redis_password": "short"}, "8 to 32"),
}
