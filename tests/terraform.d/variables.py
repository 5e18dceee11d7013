"""The rules for variables, outputs and the provider's version."""

import pages
from evaluating import evaluate
from lark import Tree
from reading import Problem, parts, read_values, text_of

# Ends of the names of variables that are secrets, and names that have no such end.
SECRET_ENDS = ("_key", "_key_previous", "_secret", "_password", "_ak", "_sk")
OTHER_SECRETS = ("app_info", "alarm_url", "dingtalk_url", "feishu_url")


def check(configuration, provider):
    for name, block in {**configuration.variables, **configuration.outputs}.items():
        if "description" not in block.attributes:
            raise Problem(f"{block.name}: needs a description")
        is_secret = name.endswith(SECRET_ENDS) or name in OTHER_SECRETS
        if block.kind == "variable" and is_secret != ("sensitive" in block.attributes):
            raise Problem(f"{block.name}: a secret, and only a secret, must be sensitive")
    check_keys(configuration)
    check_version(configuration, provider)
    check_pages(configuration)


def check_keys(configuration):
    """Private keys of certificates come from files: a variable's text would be in the shell's history."""
    for block in configuration.resources.values():
        key = block.attributes.get("private_key")
        if key is not None and not is_file(key):
            raise Problem(f"{block.name}: private_key must come from a file")


def is_file(tree):
    while isinstance(tree, Tree) and tree.data == "expr_term":
        (tree,) = parts(tree)
    return tree.data == "function_call" and text_of(parts(tree)[0]) == "file"


def check_pages(configuration):
    """Both deploy pages name every secret."""
    for page in pages.DEPLOY:
        for name, block in configuration.variables.items():
            if "sensitive" in block.attributes and f"`{name}`" not in pages.text(page):
                raise Problem(f"{page}: does not name the secret `{name}`")


def check_example(configuration, file, text):
    """The example of terraform.tfvars sets variables that exist, all that are required, and no secret."""
    set_ = read_values(file, text)
    for name, block in configuration.variables.items():
        is_secret = "sensitive" in block.attributes
        if name in set_ and is_secret:
            raise Problem(f"{file}: {name} is a secret")
        if name not in set_ and not is_secret and "default" not in block.attributes:
            raise Problem(f"{file}: {name} is required")
    unknown = set(set_) - set(configuration.variables)
    if unknown:
        raise Problem(f"{file}: there are no variables {sorted(unknown)}")
    return set_


def check_version(configuration, provider):
    (terraform,) = [block for block in configuration.blocks if block.kind == "terraform"]
    (wanted,) = terraform.inside("required_providers")
    version = evaluate(wanted.attributes["huaweicloud"], {})["version"]
    if version != provider.version:
        raise Problem(f"the list of the provider's arguments is of version {provider.version}, not {version}")
